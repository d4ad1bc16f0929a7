//! `money`: an amount and its currency (`settings.allowed_currencies`).

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Given, Unfit, decimal, schema};

/// The settings of a money field.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Money {
    /// ISO 4217; any if the list is empty.
    allowed_currencies: Vec<String>,
}

impl Money {
    pub(super) fn read(settings: &Value) -> Self {
        Self::deserialize(settings).unwrap_or_default()
    }

    /// `{value, currency}`, the value as text. The currency may be left out if the field has one only.
    pub(super) fn encode(&self, given: Given<'_>) -> Result<Value, Unfit> {
        let (amount, currency) = (amount(given), given.property("currency"));
        let value = amount.decimal().ok_or_else(|| amount.must_be("an amount such as 12.50"))?;
        let currency = match (currency, &self.allowed_currencies[..]) {
            (Some(currency), _) => self.currency(currency)?,
            (None, [only]) => only.clone(),
            (None, _) => {
                let named = self.allowed_currencies.join(", ");
                let one_of = if named.is_empty() { String::new() } else { format!(", one of {named}") };
                return Err(given.must_be(format!("an object with \"amount\" and \"currency\"{one_of}")));
            }
        };
        Ok(json!({ "value": value, "currency": currency }))
    }

    fn currency(&self, given: Given<'_>) -> Result<String, Unfit> {
        let currency = given.word().unwrap_or_default().to_uppercase();
        let is_code = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
        if self.allowed_currencies.contains(&currency) || (self.allowed_currencies.is_empty() && is_code) {
            return Ok(currency);
        }
        let named = self.allowed_currencies.join(", ");
        let named =
            if named.is_empty() { "such as EUR (ISO 4217)".to_owned() } else { format!("of the field: {named}") };
        Err(given.must_be(format!("a currency {named}")))
    }

    /// `{amount, currency}`.
    pub(super) fn decode(values: &[Value]) -> Value {
        let Some(value) = values.first() else { return Value::Null };
        json!({ "amount": decimal::to_json(&value["value"]), "currency": value["currency"] })
    }

    pub(super) fn schema(&self) -> Map<String, Value> {
        let is_open = self.allowed_currencies.len() != 1;
        let mut currency = json!({ "type": "string", "title": "Currency", "required": is_open });
        if !self.allowed_currencies.is_empty() {
            currency["enum"] = json!(self.allowed_currencies);
        }
        let amount = json!({ "type": "number", "title": "Amount", "required": true });
        schema::object(json!({ "type": "object", "properties": { "amount": amount, "currency": currency } }))
    }
}

/// The amount of a value with or without a currency.
pub(super) fn amount(given: Given<'_>) -> Given<'_> {
    given.property("amount").or_else(|| given.property("value")).unwrap_or(given)
}

#[cfg(test)]
mod tests {
    use super::{super::given::tests::with, *};

    fn encode(currencies: &[&str], json: &str) -> Result<Value, String> {
        let money = Money::read(&json!({ "allowed_currencies": currencies }));
        with(json, |given| money.encode(given).map_err(|unfit| unfit.to_string()))
    }

    #[test]
    fn an_amount_has_a_currency() {
        let euros = |value: &str| Ok(json!({ "value": value, "currency": "EUR" }));
        assert_eq!(encode(&["EUR", "USD"], r#"{"amount":12.50,"currency":"eur"}"#), euros("12.5"));
        assert_eq!(encode(&[], r#"{"value":"100.0000","currency":"EUR"}"#), euros("100"));
        assert_eq!(encode(&["EUR"], "\"12.50\""), euros("12.5"));
        assert_eq!(encode(&["EUR"], r#"{"amount":12345678901234567.89}"#), euros("12345678901234567.89"));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for (currencies, given, word) in [
            (&["EUR", "USD"][..], "12.5", "one of EUR, USD"),
            (&["EUR"], "\"12,50\"", "an amount such as 12.50, but it is \"12,50\""),
            (&["EUR"], r#"{"amount":1,"currency":"GBP"}"#, "a currency of the field: EUR, but it is \"GBP\""),
            (&[], r#"{"amount":1,"currency":"€"}"#, "such as EUR"),
            (&[], r#"{"currency":"EUR"}"#, "an amount such as"),
            (&[], "[1]", "an amount"),
        ] {
            let error = encode(currencies, given).expect_err(given);
            assert!(error.contains(word), "{given}: {error}");
        }
    }

    #[test]
    fn an_amount_is_read_as_a_number() {
        let values = [json!({ "value": "100.5000", "currency": "USD" })];
        assert_eq!(Money::decode(&values), json!({ "amount": 100.5, "currency": "USD" }));
    }
}
