//! One request, field by field.

use otlp::door::{Answer, Door};
use otlp::order;
use otlp::send::{Settings, send};
use otlp::wire::fields;

/// Longer values end in dots; they stand decoded beside them.
const WIDTH: usize = 10;

fn main() -> anyhow::Result<()> {
    let door = Door::open(vec![Answer::Accept])?;
    send(vec![order::span()], &door.endpoint(), &Settings::default())?;
    let body = door.received().remove(0).body;
    println!("byte  on the wire{:17}field type    name and value", "");
    for field in fields(&body)? {
        let mut hex: Vec<_> = field.bytes.iter().take(WIDTH).map(|byte| format!("{byte:02x}")).collect();
        if field.bytes.len() > WIDTH {
            hex[WIDTH - 1] = "…".into();
        }
        let (hex, indent) = (hex.join(" "), 2 * field.depth);
        let value = if field.value.is_empty() { String::new() } else { format!(" = {}", field.value) };
        println!(
            "{:4}  {hex:29} {:5} {:6}  {:indent$}{}{value}",
            field.offset, field.number, field.wire_type, "", field.name
        );
    }
    println!("{:4}  end", body.len());
    Ok(())
}
