//! Transaction Bundles: what is known of one subject, loaded by PUT requests.

use std::collections::BTreeMap;

use manikin_tables::NO_ROW;

use crate::json::Resources;

/// The Bundle of what the others refer to.
const SHARED: &str = "shared";

/// The Bundles of a block, while its resources are made.
pub(super) struct Bundled {
    block: u64,
    by_subject: BTreeMap<u32, Bundle>,
}

/// A Bundle as it is written.
pub(super) struct Written {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) entries: u64,
}

#[derive(Default)]
struct Bundle {
    name: Option<String>,
    /// The security labels of its resources, as JSON.
    security: Option<String>,
    entries: Vec<u8>,
    count: u64,
}

impl Bundled {
    pub(super) fn new(block: u64) -> Self {
        Self { block, by_subject: BTreeMap::new() }
    }

    /// Adds resources, each to the Bundle of its subject, or all to one where they are made once. Those of the subject
    /// itself give their Bundle its name.
    pub(super) fn add(&mut self, base: &str, resources: &Resources, is_subject: bool) {
        for (resource, subject) in resources.iter() {
            let subject = if self.block == 0 { NO_ROW } else { subject };
            let bundle = self.by_subject.entry(subject).or_default();
            let Some((ty, id)) = identity(resource) else { continue };
            if is_subject && bundle.name.is_none() {
                bundle.name = Some(id.to_owned());
            }
            bundle.add(base, ty, id, resource);
        }
    }

    /// The Bundles, by subject.
    pub(super) fn finish(self) -> impl Iterator<Item = Written> {
        let block = self.block;
        let name = move |subject: u32| match (block, subject) {
            (0, _) => SHARED.to_owned(),
            // A subject that is itself left out still has what is known of it.
            (_, NO_ROW) => format!("block-{block}"),
            (_, row) => format!("block-{block}-{row}"),
        };
        self.by_subject.into_iter().map(move |(subject, bundle)| bundle.finish(name(subject)))
    }
}

impl Bundle {
    fn add(&mut self, base: &str, ty: &str, id: &str, resource: &[u8]) {
        if self.count == 0 {
            self.security = security(resource);
        } else {
            self.entries.extend_from_slice(b",\n");
        }
        self.count += 1;
        self.entries.extend_from_slice(format!("{{\"fullUrl\":\"{base}/{ty}/{id}\",\"resource\":").as_bytes());
        self.entries.extend_from_slice(resource.trim_ascii_end());
        self.entries
            .extend_from_slice(format!(",\"request\":{{\"method\":\"PUT\",\"url\":\"{ty}/{id}\"}}}}").as_bytes());
    }

    fn finish(self, otherwise: String) -> Written {
        let mut bytes = Vec::with_capacity(self.entries.len() + 200);
        bytes.extend_from_slice(b"{\"resourceType\":\"Bundle\",");
        if let Some(security) = self.security {
            bytes.extend_from_slice(format!("\"meta\":{{\"security\":{security}}},").as_bytes());
        }
        bytes.extend_from_slice(b"\"type\":\"transaction\",\"entry\":[\n");
        bytes.extend_from_slice(&self.entries);
        bytes.extend_from_slice(b"\n]}\n");
        Written { name: self.name.unwrap_or(otherwise), bytes, entries: self.count }
    }
}

/// The type and the id that a resource begins with.
fn identity(resource: &[u8]) -> Option<(&str, &str)> {
    // The engine writes both first, and neither needs an escape.
    let head = resource.get(..resource.len().min(200))?;
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).ok()?,
    };
    let (ty, rest) = text.strip_prefix("{\"resourceType\":\"")?.split_once('"')?;
    let (id, _) = rest.strip_prefix(",\"id\":\"")?.split_once('"')?;
    Some((ty, id))
}

/// The security labels of a resource, which its Bundle bears as well.
fn security(resource: &[u8]) -> Option<String> {
    let read: serde_json::Value = serde_json::from_slice(resource).ok()?;
    Some(read.get("meta")?.get("security")?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_known_by_its_first_members() {
        assert_eq!(
            identity(b"{\"resourceType\":\"Patient\",\"id\":\"7c\",\"x\":\"\xc3\xa9\"}\n"),
            Some(("Patient", "7c"))
        );
        assert_eq!(identity(b"{\"id\":\"7c\"}"), None);
    }

    #[test]
    fn a_bundle_is_a_transaction_of_puts() {
        let mut bundle = Bundle { name: Some("p".to_owned()), ..Bundle::default() };
        let patient = br#"{"resourceType":"Patient","id":"p","meta":{"security":[{"code":"HTEST"}]}}"#;
        bundle.add("https://x.example", "Patient", "p", patient);
        bundle.add("https://x.example", "Encounter", "e", b"{\"resourceType\":\"Encounter\",\"id\":\"e\"}\n");
        let Written { name, bytes, entries } = bundle.finish("none".to_owned());
        let read: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        assert_eq!((name.as_str(), entries, read["entry"].as_array().map(Vec::len)), ("p", 2, Some(2)));
        assert_eq!(read["meta"]["security"][0]["code"], "HTEST");
        assert_eq!(read["entry"][1]["request"]["url"], "Encounter/e");
        assert_eq!(read["entry"][0]["fullUrl"], "https://x.example/Patient/p");
    }
}
