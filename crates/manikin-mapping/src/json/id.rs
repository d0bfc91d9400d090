//! Ids of resources: version 5 UUIDs of what names the row, the same in every run and every partition.

use sha1::{Digest as _, Sha1};

/// A UUID's 128 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Uuid([u8; 16]);

/// A UUID as text.
pub(super) type UuidText = [u8; 36];

/// The namespace of URLs.
///
/// # Source
/// RFC 9562, section 6.6.
const URLS: Uuid =
    Uuid([0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8]);

impl Uuid {
    /// The namespace of the rows of a projection to a resource type.
    ///
    /// UUIDv5(UUIDv5(namespace of URLs, `https://manikin.example/fhir`), `Patient/patient`)
    pub(super) fn namespace(to: &str, projection: &str) -> Self {
        URLS.within("https://manikin.example/fhir").within(&format!("{to}/{projection}"))
    }

    /// The version 5 UUID of a name in this namespace.
    ///
    /// # Source
    /// RFC 9562, section 5.5.
    pub(super) fn within(self, name: &str) -> Self {
        let hash = Sha1::new().chain_update(self.0).chain_update(name.as_bytes()).finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        bytes[6] = (bytes[6] & 0x0f) | 0x50;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Self(bytes)
    }

    /// As text: 8-4-4-4-12 hexadecimal digits.
    pub(super) fn text(self) -> UuidText {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [b'-'; 36];
        let mut at = 0;
        for (place, byte) in self.0.into_iter().enumerate() {
            if matches!(place, 4 | 6 | 8 | 10) {
                at += 1;
            }
            text[at] = DIGITS[usize::from(byte >> 4)];
            text[at + 1] = DIGITS[usize::from(byte & 15)];
            at += 2;
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// # Source
    /// RFC 9562, appendix A.4, with the namespace of DNS names.
    #[test]
    fn the_example_of_the_standard_gives_its_uuid() {
        let names =
            Uuid([0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8]);
        assert_eq!(&names.within("www.example.com").text(), b"2ed6657d-e927-568b-95e1-2665a8aea6a2");
    }
}
