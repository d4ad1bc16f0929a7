//! One connection of the model broker: the handshake, and at random moments what a broker may do.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use amq_protocol::{
    frame::AMQPFrame,
    protocol::{AMQPClass, basic, channel, confirm, connection, exchange},
    types::{AMQPValue, FieldTable, ShortString},
};
use anyhow::{Result, bail};
use elasticio_runtime::platform::cipher::{Cipher, Encoding};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    frames::{content, method, take},
    model::{Message, Model, Settled},
    publishes::{Fate, Publish},
    worker::cipher,
};

pub(crate) struct Connection {
    pub(crate) model: Model,
    number: u64,
    pub(crate) out: Vec<u8>,
    /// Channel and tag of the consumer.
    consumer: Option<(u16, ShortString)>,
    delivered: u64,
    /// What is not confirmed, by channel and tag.
    pub(crate) publishes: HashMap<u16, BTreeMap<u64, Publish>>,
    /// The last tag of each channel.
    tags: HashMap<u16, u64>,
    /// What is being published on a channel, and how many bytes of its body are missing.
    begun: HashMap<u16, (Publish, u64)>,
    cipher: Cipher,
}

impl Connection {
    /// Serves a client until it closes the connection, or until the model cuts it.
    pub(crate) async fn serve(mut stream: TcpStream, number: u64, model: Model) {
        let mut connection = Self {
            model,
            number,
            out: Vec::new(),
            consumer: None,
            delivered: 0,
            publishes: HashMap::new(),
            tags: HashMap::new(),
            begun: HashMap::new(),
            cipher: cipher(),
        };
        // It ends when the client hangs up.
        let _ = connection.run(&mut stream).await;
        connection.model.lock().give_back(number);
    }

    async fn run(&mut self, stream: &mut TcpStream) -> Result<()> {
        stream.set_nodelay(true)?;
        let mut bytes = Vec::new();
        stream.read_exact(&mut [0; 8]).await?;
        let start = connection::Start {
            version_major: 0,
            version_minor: 9,
            server_properties: FieldTable::default(),
            mechanisms: "PLAIN".into(),
            locales: "en_US".into(),
        };
        self.answer(0, AMQPClass::Connection(connection::AMQPMethod::Start(start)));
        loop {
            stream.write_all(&std::mem::take(&mut self.out)).await?;
            let pause = Duration::from_micros(self.model.random(600));
            tokio::select! {
                read = stream.read_buf(&mut bytes) => {
                    if read? == 0 {
                        bail!("the client has hung up");
                    }
                    while let Some(frame) = take(&mut bytes) {
                        self.hear(frame)?;
                    }
                }
                () = tokio::time::sleep(pause) => self.act()?,
            }
        }
    }

    pub(crate) fn answer(&mut self, channel: u16, class: AMQPClass) {
        method(&mut self.out, channel, class);
    }

    fn hear(&mut self, frame: AMQPFrame) -> Result<()> {
        match frame {
            AMQPFrame::Method(channel, class) => self.hear_method(channel, class)?,
            AMQPFrame::Header(channel, header) => {
                if let Some((publish, missing)) = self.begun.get_mut(&channel) {
                    (publish.properties, *missing) = (header.properties, header.body_size);
                }
            }
            AMQPFrame::Body(channel, body) => {
                if let Some((publish, missing)) = self.begun.get_mut(&channel) {
                    *missing -= body.len() as u64;
                    publish.body.extend(body);
                }
            }
            _ => {}
        }
        let whole = self.begun.iter().find(|(_, (_, missing))| *missing == 0).map(|(channel, _)| *channel);
        if let Some((channel, (publish, _))) = whole.and_then(|channel| self.begun.remove_entry(&channel)) {
            let tag = self.tags.entry(channel).or_default();
            *tag += 1;
            self.publishes.entry(channel).or_default().insert(*tag, publish);
        }
        Ok(())
    }

    fn hear_method(&mut self, channel: u16, class: AMQPClass) -> Result<()> {
        use basic::AMQPMethod as Basic;
        let answer = match class {
            AMQPClass::Connection(connection::AMQPMethod::StartOk(_)) => {
                let tune = connection::Tune { channel_max: 2047, frame_max: 131_072, heartbeat: 0 };
                AMQPClass::Connection(connection::AMQPMethod::Tune(tune))
            }
            AMQPClass::Connection(connection::AMQPMethod::Open(_)) => {
                AMQPClass::Connection(connection::AMQPMethod::OpenOk(connection::OpenOk {}))
            }
            AMQPClass::Connection(connection::AMQPMethod::Close(_)) => {
                AMQPClass::Connection(connection::AMQPMethod::CloseOk(connection::CloseOk {}))
            }
            AMQPClass::Channel(channel::AMQPMethod::Open(_)) => {
                AMQPClass::Channel(channel::AMQPMethod::OpenOk(channel::OpenOk {}))
            }
            AMQPClass::Channel(channel::AMQPMethod::Close(_)) => {
                AMQPClass::Channel(channel::AMQPMethod::CloseOk(channel::CloseOk {}))
            }
            AMQPClass::Confirm(_) => AMQPClass::Confirm(confirm::AMQPMethod::SelectOk(confirm::SelectOk {})),
            AMQPClass::Exchange(_) => AMQPClass::Exchange(exchange::AMQPMethod::DeclareOk(exchange::DeclareOk {})),
            AMQPClass::Basic(Basic::Qos(_)) => AMQPClass::Basic(Basic::QosOk(basic::QosOk {})),
            AMQPClass::Basic(Basic::Consume(consume)) => {
                self.consumer = Some((channel, consume.consumer_tag.clone()));
                AMQPClass::Basic(Basic::ConsumeOk(basic::ConsumeOk { consumer_tag: consume.consumer_tag }))
            }
            AMQPClass::Basic(Basic::Cancel(cancel)) => {
                self.consumer = None;
                AMQPClass::Basic(Basic::CancelOk(basic::CancelOk { consumer_tag: cancel.consumer_tag }))
            }
            AMQPClass::Basic(Basic::Ack(ack)) => {
                let multiple = ack.multiple;
                self.model.lock().settle(self.number, ack.delivery_tag, multiple, Settled::Acknowledged);
                return Ok(());
            }
            AMQPClass::Basic(Basic::Reject(reject)) => {
                self.model.lock().settle(self.number, reject.delivery_tag, false, Settled::Rejected);
                return Ok(());
            }
            AMQPClass::Basic(Basic::Nack(_)) => {
                self.model.lock().give_back(self.number);
                return Ok(());
            }
            AMQPClass::Basic(Basic::Publish(publish)) => {
                let (properties, body) = (basic::AMQPProperties::default(), Vec::new());
                let publish = Publish { method: publish, properties, body, fate: self.fate() };
                self.begun.insert(channel, (publish, u64::MAX));
                return Ok(());
            }
            AMQPClass::Connection(_) => return Ok(()),
            other => bail!("nobody sends {other:?}"),
        };
        self.answer(channel, answer);
        Ok(())
    }

    fn fate(&self) -> Fate {
        let refusals = self.model.shape().refusals;
        match self.model.random(100) {
            number if number < refusals => Fate::Unroutable,
            number if number < 2 * refusals => Fate::Refused,
            _ => Fate::Taken,
        }
    }

    /// One of the things that a broker may do now.
    fn act(&mut self) -> Result<()> {
        if (self.consumer.is_some() || !self.publishes.is_empty()) && self.model.lock().cuts() {
            bail!("the connection is cut");
        }
        if let Some((channel, tag)) = self.consumer.clone() {
            let next = self.model.lock().deliver(self.number, self.delivered + 1);
            if let Some(message) = next {
                self.deliver(channel, tag, &message);
            }
        }
        let mut channels: Vec<u16> = self.publishes.keys().copied().collect();
        channels.sort_unstable();
        if !channels.is_empty() {
            let chosen = usize::try_from(self.model.random(channels.len() as u64))?;
            self.conclude(channels[chosen])?;
        }
        Ok(())
    }

    fn deliver(&mut self, channel: u16, consumer_tag: ShortString, message: &Message) {
        self.delivered += 1;
        let deliver = basic::Deliver {
            consumer_tag,
            delivery_tag: self.delivered,
            redelivered: message.redelivered,
            exchange: "e".into(),
            routing_key: "in".into(),
        };
        let body = serde_json::json!({ "body": { "emits": message.emits, "fails": message.fails } });
        let body = self.cipher.encrypt(body.to_string().into_bytes(), Encoding::Base64);
        let mut headers = FieldTable::default();
        headers.insert("messageId".into(), AMQPValue::LongString(message.id.as_str().into()));
        let properties = basic::AMQPProperties::default().with_headers(headers);
        content(&mut self.out, channel, AMQPClass::Basic(basic::AMQPMethod::Deliver(deliver)), properties, &body);
    }
}
