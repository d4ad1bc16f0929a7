//! Conversions between AMQP header tables and JSON objects.
//!
//! From AMQP to JSON, integers of any width become integers and strings become strings. What JSON cannot express
//! (timestamps, byte arrays, decimals) becomes an object that is not equal to any plain value.

use anyhow::{Result, bail};
use lapin::types::{AMQPValue, FieldArray, FieldTable};
use serde_json::{Map, Value, json};

/// A header table as a JSON object.
#[must_use]
pub(crate) fn to_json(table: &FieldTable) -> Value {
    table.inner().iter().map(|(name, value)| (name.to_string(), value_to_json(value))).collect::<Map<_, _>>().into()
}

fn value_to_json(value: &AMQPValue) -> Value {
    match value {
        AMQPValue::Boolean(value) => json!(value),
        AMQPValue::ShortShortInt(value) => json!(value),
        AMQPValue::ShortShortUInt(value) => json!(value),
        AMQPValue::ShortInt(value) => json!(value),
        AMQPValue::ShortUInt(value) => json!(value),
        AMQPValue::LongInt(value) => json!(value),
        AMQPValue::LongUInt(value) => json!(value),
        AMQPValue::LongLongInt(value) => json!(value),
        AMQPValue::Float(value) => json!(value),
        AMQPValue::Double(value) => json!(value),
        AMQPValue::LongString(value) => json!(value.to_string()),
        AMQPValue::FieldArray(values) => values.as_slice().iter().map(value_to_json).collect(),
        AMQPValue::FieldTable(table) => to_json(table),
        AMQPValue::Void => Value::Null,
        // Including short strings: brokers take the letter of their type for another type.
        other => json!({ "amqp type": format!("{other:?}") }),
    }
}

/// A JSON object as a header table, without its `null`s.
pub(crate) fn from_json(object: &Map<String, Value>) -> Result<FieldTable> {
    let mut table = FieldTable::default();
    for (name, value) in object {
        if !value.is_null() {
            table.insert(name.as_str().into(), value_from_json(value)?);
        }
    }
    Ok(table)
}

fn value_from_json(value: &Value) -> Result<AMQPValue> {
    Ok(match value {
        Value::Null => AMQPValue::Void,
        Value::Bool(value) => AMQPValue::Boolean(*value),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => i32::try_from(integer).map_or(AMQPValue::LongLongInt(integer), AMQPValue::LongInt),
            (None, Some(float)) => AMQPValue::Double(float),
            (None, None) => bail!("the header value {number} does not fit an AMQP type"),
        },
        Value::String(text) => AMQPValue::LongString(text.as_str().into()),
        Value::Array(values) => {
            AMQPValue::FieldArray(FieldArray::from(values.iter().map(value_from_json).collect::<Result<Vec<_>>>()?))
        }
        Value::Object(object) => AMQPValue::FieldTable(from_json(object)?),
    })
}
