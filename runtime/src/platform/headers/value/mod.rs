//! One AMQP header value, with the type that it has on the wire.

use std::borrow::Cow;

/// An AMQP 0-9-1 field value (with RabbitMQ's types), independent of lapin.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `t`
    Bool(bool),
    /// `b`
    I8(i8),
    /// `B`
    U8(u8),
    /// `s`
    I16(i16),
    /// `u`
    U16(u16),
    /// `I`
    I32(i32),
    /// `i`
    U32(u32),
    /// `l`
    I64(i64),
    /// `f`
    F32(f32),
    /// `d`
    F64(f64),
    /// `D`: scale and value
    Decimal(u8, u32),
    /// Short string
    Short(String),
    /// `S`: RabbitMQ's strings; any bytes
    Text(Vec<u8>),
    /// `x`
    Bytes(Vec<u8>),
    /// `T`: seconds since the epoch
    Timestamp(u64),
    /// `A`
    Array(Vec<Value>),
    /// `F`
    Table(Vec<(String, Value)>),
    /// `V`
    Void,
}

impl Value {
    /// A string value.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(text.as_bytes().to_vec())
    }

    /// The value; `None` for empty text and void, which senders use for a missing value.
    #[must_use]
    pub fn given(self) -> Option<Self> {
        self.as_given().is_some().then_some(self)
    }

    /// About how many bytes it has on the wire.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Text(bytes) | Self::Bytes(bytes) => 5 + bytes.len(),
            Self::Short(text) => 2 + text.len(),
            Self::Array(values) => 5 + values.iter().map(Self::size).sum::<usize>(),
            Self::Table(fields) => 5 + fields.iter().map(|(name, value)| 1 + name.len() + value.size()).sum::<usize>(),
            _ => 9,
        }
    }

    /// The value as a whole number of zero or more, if it is one.
    #[must_use]
    pub fn as_count(&self) -> Option<u64> {
        match *self {
            Self::I8(n) => u64::try_from(n).ok(),
            Self::U8(n) => Some(n.into()),
            Self::I16(n) => u64::try_from(n).ok(),
            Self::U16(n) => Some(n.into()),
            Self::I32(n) => u64::try_from(n).ok(),
            Self::U32(n) => Some(n.into()),
            Self::I64(n) => u64::try_from(n).ok(),
            Self::F32(n) => whole(f64::from(n)),
            Self::F64(n) => whole(n),
            _ => None,
        }
    }

    /// The number that JavaScript's `Number(value || 1)` returns: 1 for void, 0 and empty text; NaN for anything that
    /// is not a number.
    #[must_use]
    pub fn number_or_one(&self) -> f64 {
        let number = match self {
            Self::Bool(value) => f64::from(u8::from(*value)),
            Self::I8(n) => (*n).into(),
            Self::U8(n) => (*n).into(),
            Self::I16(n) => (*n).into(),
            Self::U16(n) => (*n).into(),
            Self::I32(n) => (*n).into(),
            Self::U32(n) => (*n).into(),
            #[expect(clippy::cast_precision_loss, reason = "JavaScript loses it too")]
            Self::I64(n) => *n as f64,
            Self::F32(n) => (*n).into(),
            Self::F64(n) => *n,
            Self::Void => 0.0,
            Self::Text(_) | Self::Short(_) => return text_number(&self.to_text()),
            _ => f64::NAN,
        };
        if number == 0.0 { 1.0 } else { number }
    }

    /// The value as JSON; invalid UTF-8 becomes replacement characters.
    fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Bool(value) => (*value).into(),
            Self::F32(n) => (*n).into(),
            Self::F64(n) => (*n).into(),
            Self::I8(n) => (*n).into(),
            Self::I16(n) => (*n).into(),
            Self::I32(n) => (*n).into(),
            Self::I64(n) => (*n).into(),
            Self::U8(n) => (*n).into(),
            Self::U16(n) => (*n).into(),
            Self::U32(n) => (*n).into(),
            Self::Timestamp(n) => (*n).into(),
            Self::Decimal(scale, value) => (f64::from(*value) / 10_f64.powi((*scale).into())).into(),
            Self::Short(text) => text.clone().into(),
            Self::Text(bytes) | Self::Bytes(bytes) => String::from_utf8_lossy(bytes).into(),
            Self::Array(values) => values.iter().map(Self::to_json).collect(),
            Self::Table(entries) => to_json(entries),
            Self::Void => serde_json::Value::Null,
        }
    }

    /// The value, unless it stands for a missing one, as in [`Self::given`].
    #[must_use]
    pub(crate) fn as_given(&self) -> Option<&Self> {
        match self {
            Self::Void => None,
            Self::Text(bytes) if bytes.is_empty() => None,
            Self::Short(text) if text.is_empty() => None,
            _ => Some(self),
        }
    }

    /// [`Self::to_text`], without a copy where the value is a text.
    #[must_use]
    pub(crate) fn as_text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(bytes) | Self::Bytes(bytes) => String::from_utf8_lossy(bytes),
            Self::Short(text) => text.into(),
            other => other.to_text().into(),
        }
    }

    /// The value as text, as JavaScript's `String(value)` returns it, for keys and logs.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Text(bytes) | Self::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Self::Short(text) => text.clone(),
            Self::Bool(value) => value.to_string(),
            Self::I8(n) => n.to_string(),
            Self::U8(n) => n.to_string(),
            Self::I16(n) => n.to_string(),
            Self::U16(n) => n.to_string(),
            Self::I32(n) => n.to_string(),
            Self::U32(n) => n.to_string(),
            Self::I64(n) => n.to_string(),
            Self::Timestamp(n) => n.to_string(),
            Self::F32(n) => float_text(f64::from(*n)),
            Self::F64(n) => float_text(*n),
            Self::Decimal(scale, value) => float_text(f64::from(*value) / 10_f64.powi((*scale).into())),
            Self::Array(values) => {
                // As `Array.prototype.join`: nothing for a missing value.
                let text = |value: &Self| if *value == Self::Void { String::new() } else { value.to_text() };
                values.iter().map(text).collect::<Vec<_>>().join(",")
            }
            Self::Table(_) => "[object Object]".to_owned(),
            Self::Void => "null".to_owned(),
        }
    }
}

/// `n` as JavaScript writes it: without an exponent from 1e-6 to below 1e21.
fn float_text(n: f64) -> String {
    if n == 0.0 {
        return "0".to_owned();
    }
    if n.is_infinite() {
        return if n > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if n.is_nan() || (1e-6..1e21).contains(&n.abs()) {
        return n.to_string();
    }
    let text = format!("{n:e}");
    if text.contains("e-") { text } else { text.replace('e', "e+") }
}

/// Text as a number: white space alone is 0, but empty text is 1.
fn text_number(text: &str) -> f64 {
    match text.trim() {
        "" if text.is_empty() => 1.0,
        "" => 0.0,
        digits => digits.parse().unwrap_or(f64::NAN),
    }
}

/// `n` as an integer, if it is a whole number that an `f64` holds exactly.
fn whole(n: f64) -> Option<u64> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be a small whole number")]
    (n >= 0.0 && n.fract() == 0.0 && n < 9e15).then_some(n as u64)
}

/// Headers as a JSON object, for error handlers.
#[must_use]
pub fn to_json(headers: &[(String, Value)]) -> serde_json::Value {
    let fields = headers.iter().map(|(name, value)| (name.clone(), value.to_json()));
    serde_json::Value::Object(fields.collect())
}

#[cfg(test)]
mod tests;
