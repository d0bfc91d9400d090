//! Free text: names, addresses, contact details that belong to nobody.

use super::Cx;
use crate::values;
use fake::Fake as _;
use fake::faker::{address, company, job, lorem, name};
use fake::locales::EN;
use manikin_expression::Type;
use manikin_random::Stream;
use manikin_spec::document::Fake;
use manikin_tables::Column;
use polars::prelude::*;

impl Cx<'_> {
    /// Free text for each row at hand.
    pub(super) fn fake(&self, kind: Fake, rows: &[u32]) -> Column {
        let own = &self.own().address;
        let mut builder = StringChunkedBuilder::new(PlSmallStr::EMPTY, rows.len());
        for &row in rows {
            builder.append_value(text(kind, &mut own[row as usize].stream(self.name)));
        }
        values::column(&Type::Text, builder.finish().into_series())
    }
}

fn text(kind: Fake, stream: &mut Stream) -> String {
    match kind {
        Fake::FirstName => name::raw::FirstName(EN).fake_with_rng(stream),
        Fake::LastName => name::raw::LastName(EN).fake_with_rng(stream),
        Fake::FullName => {
            let first: String = name::raw::FirstName(EN).fake_with_rng(stream);
            let last: String = name::raw::LastName(EN).fake_with_rng(stream);
            format!("{first} {last}")
        }
        Fake::Street => {
            let number = 1 + stream.below(9_899);
            let street: String = address::raw::StreetName(EN).fake_with_rng(stream);
            format!("{number} {street}")
        }
        Fake::City => address::raw::CityName(EN).fake_with_rng(stream),
        // 555-0100 to 555-0199 are set aside for fiction in the North American Numbering Plan.
        Fake::Phone => format!("{}-555-01{:02}", 200 + stream.below(780), stream.below(100)),
        Fake::Email => {
            let first: String = name::raw::FirstName(EN).fake_with_rng(stream);
            let last: String = name::raw::LastName(EN).fake_with_rng(stream);
            let number = stream.below(1_000);
            // example.org is reserved by RFC 2606.
            format!("{}.{}{number}@example.org", plain(&first), plain(&last))
        }
        Fake::Company => company::raw::CompanyName(EN).fake_with_rng(stream),
        Fake::Job => job::raw::Title(EN).fake_with_rng(stream),
        Fake::Sentence => lorem::raw::Sentence(EN, 4..12).fake_with_rng(stream),
        Fake::Paragraph => lorem::raw::Paragraph(EN, 2..5).fake_with_rng(stream),
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase()
}
