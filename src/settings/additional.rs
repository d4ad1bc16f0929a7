//! Names of the additional variables as header names (contract, section 1): the `ELASTICIO_` prefix goes, the rest
//! turns to camel case.

/// `ELASTICIO_FLOW_TYPE` → `flowType`, `OTHER_VAR` → `otherVar`.
pub(super) fn header_name(variable: &str) -> String {
    let rest = variable.strip_prefix("ELASTICIO_").unwrap_or(variable);
    let mut name = String::with_capacity(rest.len());
    for word in rest.split(|char: char| !char.is_ascii_alphanumeric()) {
        let lower = word.to_ascii_lowercase();
        let mut chars = lower.chars();
        match chars.next() {
            Some(first) if !name.is_empty() => name.push(first.to_ascii_uppercase()),
            Some(first) => name.push(first),
            None => continue,
        }
        name.extend(chars);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::header_name;

    #[test]
    fn names_turn_to_camel_case() {
        assert_eq!(header_name("ELASTICIO_FLOW_TYPE"), "flowType");
        assert_eq!(header_name("OTHER_VAR"), "otherVar");
        assert_eq!(header_name("ELASTICIO__X"), "x");
    }
}
