//! As much of [Protocol Buffers](https://protobuf.dev/programming-guides/encoding/) as talking
//! with BuildKit takes: fields by number, numbers and bytes.

/// The value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Number(_) => &[],
        }
    }

    pub fn text(self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }
}

/// The fields of a message in their order; ends where the message is broken.
pub fn fields(message: &[u8]) -> impl Iterator<Item = (u64, Value<'_>)> {
    let mut rest = message;
    std::iter::from_fn(move || {
        let key = varint(&mut rest)?;
        let value = match key & 7 {
            0 => Value::Number(varint(&mut rest)?),
            1 => Value::Bytes(take(&mut rest, 8)?),
            2 => {
                let length = usize::try_from(varint(&mut rest)?).ok()?;
                Value::Bytes(take(&mut rest, length)?)
            }
            5 => Value::Bytes(take(&mut rest, 4)?),
            _ => return None,
        };
        Some((key >> 3, value))
    })
}

/// Field 1 as bytes, which is all that the answers hold.
pub fn first_field(content: &[u8]) -> Vec<u8> {
    let mut message = vec![1 << 3 | 2];
    let mut length = content.len();
    while length >= 0x80 {
        message.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    message.push((length & 0x7f) as u8);
    message.extend_from_slice(content);
    message
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for content in [vec![], b"secret".to_vec(), vec![7; 300]] {
            let message = first_field(&content);
            let read: Vec<_> = fields(&message).collect();
            assert_eq!(read, [(1, Value::Bytes(&content))]);
        }
    }

    #[test]
    fn a_broken_message_ends_early() {
        let message = [0x08, 0x96, 0x01, 0x12, 0x05, b'a'];
        let read: Vec<_> = fields(&message).collect();
        assert_eq!(read, [(1, Value::Number(150))]);
        assert_eq!(fields(&[0xff; 20]).count(), 0);
    }
}
