//! Converts header values between the protocol's type and lapin's.

use lapin::types::{AMQPValue, DecimalValue, FieldArray, FieldTable, ShortString};

use crate::platform::headers::{Table, Value};

/// The headers of a delivery.
pub(super) fn read_table(table: &FieldTable) -> Vec<(String, Value)> {
    table.inner().iter().map(|(name, value)| (name.as_str().to_owned(), read(value))).collect()
}

/// Headers to publish; of equal names the last one wins. A name longer than AMQP's 255 bytes is left out.
pub(super) fn write_table(table: Table) -> FieldTable {
    let mut fields = FieldTable::default();
    for (name, value) in table {
        if let Ok(name) = ShortString::try_new(name) {
            fields.insert(name, write(value));
        }
    }
    fields
}

fn read(value: &AMQPValue) -> Value {
    match value {
        AMQPValue::Boolean(value) => Value::Bool(*value),
        AMQPValue::ShortShortInt(n) => Value::I8(*n),
        AMQPValue::ShortShortUInt(n) => Value::U8(*n),
        AMQPValue::ShortInt(n) => Value::I16(*n),
        AMQPValue::ShortUInt(n) => Value::U16(*n),
        AMQPValue::LongInt(n) => Value::I32(*n),
        AMQPValue::LongUInt(n) => Value::U32(*n),
        AMQPValue::LongLongInt(n) => Value::I64(*n),
        AMQPValue::Float(n) => Value::F32(*n),
        AMQPValue::Double(n) => Value::F64(*n),
        AMQPValue::DecimalValue(decimal) => Value::Decimal(decimal.scale, decimal.value),
        AMQPValue::ShortString(text) => Value::Short(text.as_str().to_owned()),
        AMQPValue::LongString(text) => Value::Text(text.as_bytes().to_vec()),
        AMQPValue::FieldArray(array) => Value::Array(array.as_slice().iter().map(read).collect()),
        AMQPValue::Timestamp(seconds) => Value::Timestamp(*seconds),
        AMQPValue::FieldTable(table) => Value::Table(read_table(table)),
        AMQPValue::ByteArray(bytes) => Value::Bytes(bytes.as_slice().to_vec()),
        AMQPValue::Void => Value::Void,
    }
}

fn write(value: Value) -> AMQPValue {
    match value {
        Value::Bool(value) => AMQPValue::Boolean(value),
        Value::I8(n) => AMQPValue::ShortShortInt(n),
        Value::U8(n) => AMQPValue::ShortShortUInt(n),
        Value::I16(n) => AMQPValue::ShortInt(n),
        Value::U16(n) => AMQPValue::ShortUInt(n),
        Value::I32(n) => AMQPValue::LongInt(n),
        Value::U32(n) => AMQPValue::LongUInt(n),
        Value::I64(n) => AMQPValue::LongLongInt(n),
        Value::F32(n) => AMQPValue::Float(n),
        Value::F64(n) => AMQPValue::Double(n),
        Value::Decimal(scale, value) => AMQPValue::DecimalValue(DecimalValue { scale, value }),
        Value::Short(text) => match ShortString::try_new(text.as_str()) {
            Ok(short) => AMQPValue::ShortString(short),
            Err(_) => AMQPValue::LongString(text.into()),
        },
        Value::Text(bytes) => AMQPValue::LongString(bytes.into()),
        Value::Bytes(bytes) => AMQPValue::ByteArray(bytes.into()),
        Value::Timestamp(seconds) => AMQPValue::Timestamp(seconds),
        Value::Array(values) => {
            let mut array = FieldArray::default();
            for value in values {
                array.push(write(value));
            }
            AMQPValue::FieldArray(array)
        }
        Value::Table(entries) => {
            AMQPValue::FieldTable(write_table(entries.into_iter().map(|(name, value)| (name.into(), value)).collect()))
        }
        Value::Void => AMQPValue::Void,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_survives_the_round_trip() {
        let values = vec![
            Value::Bool(true),
            Value::I8(-1),
            Value::U8(1),
            Value::I16(-2),
            Value::U16(2),
            Value::I32(-3),
            Value::U32(3),
            Value::I64(-4),
            Value::F32(0.5),
            Value::F64(-0.25),
            Value::Decimal(2, 150),
            Value::Short("short".into()),
            Value::text("long"),
            Value::Text(vec![0xFF, 0]),
            Value::Bytes(vec![1, 2]),
            Value::Timestamp(9),
            Value::Array(vec![Value::I32(1), Value::text("x")]),
            Value::Table(vec![("k".into(), Value::Void)]),
            Value::Void,
        ];
        let table: Table =
            values.into_iter().enumerate().map(|(index, value)| (format!("h{index:02}").into(), value)).collect();
        let back = read_table(&write_table(table.clone()));
        let want: Vec<_> = table.into_iter().map(|(name, value)| (name.into_owned(), value)).collect();
        assert_eq!(back, want);
    }
}
