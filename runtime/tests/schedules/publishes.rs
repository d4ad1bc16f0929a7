//! What is published over a connection, and in which order it is confirmed, returned and refused.

use amq_protocol::protocol::{AMQPClass, basic};
use anyhow::Result;

use crate::{connection::Connection, frames::content};

/// What becomes of a publish.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Taken,
    Refused,
    /// To be returned; then it is confirmed.
    Unroutable,
    Returned,
}

pub(crate) struct Publish {
    pub(crate) method: basic::Publish,
    pub(crate) properties: basic::AMQPProperties,
    pub(crate) body: Vec<u8>,
    pub(crate) fate: Fate,
}

impl Connection {
    /// Returns or confirms one of the publishes of a channel, perhaps with all before it.
    pub(crate) fn conclude(&mut self, channel: u16) -> Result<()> {
        let Some(publishes) = self.publishes.get_mut(&channel) else { return Ok(()) };
        let chosen = usize::try_from(self.model.random(publishes.len() as u64))?;
        let Some((&tag, publish)) = publishes.iter_mut().nth(chosen) else { return Ok(()) };
        if publish.fate == Fate::Unroutable {
            publish.fate = Fate::Returned;
            let Publish { method: publish, properties, body, .. } = publish;
            let returned = basic::Return {
                reply_code: 312,
                reply_text: "NO_ROUTE".into(),
                exchange: publish.exchange.clone(),
                routing_key: publish.routing_key.clone(),
            };
            let returned = AMQPClass::Basic(basic::AMQPMethod::Return(returned));
            content(&mut self.out, channel, returned, properties.clone(), body);
            return Ok(());
        }
        let refused = publish.fate == Fate::Refused;
        let alike = publishes
            .range(..=tag)
            .all(|(_, other)| other.fate != Fate::Unroutable && (other.fate == Fate::Refused) == refused);
        let multiple = alike && self.model.random(2) == 0;
        let tags: Vec<u64> = publishes.range(if multiple { 0 } else { tag }..=tag).map(|(tag, _)| *tag).collect();
        for publish in tags.iter().filter_map(|tag| publishes.remove(tag)) {
            if publish.fate == Fate::Taken {
                let text = |name: &str| {
                    let headers = publish.properties.headers().as_ref();
                    headers.and_then(|headers| headers.inner().get(name)?.as_long_string().map(ToString::to_string))
                };
                let (parent, id) = (text("parentMessageId"), text("messageId"));
                self.model.lock().confirm(parent.unwrap_or_default(), id.unwrap_or_default());
            }
        }
        if publishes.is_empty() {
            self.publishes.remove(&channel);
        }
        let confirm = if refused {
            basic::AMQPMethod::Nack(basic::Nack { delivery_tag: tag, multiple, requeue: false })
        } else {
            basic::AMQPMethod::Ack(basic::Ack { delivery_tag: tag, multiple })
        };
        self.answer(channel, AMQPClass::Basic(confirm));
        Ok(())
    }
}
