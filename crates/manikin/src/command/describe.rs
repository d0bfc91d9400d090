//! `manikin describe`

use std::path::Path;
use std::process::ExitCode;

use manikin_diagnostic::{Diagnostic, codes};
use manikin_workflow::describe::{Constraints, Dialect, html, markdown, mermaid, rules, sql};
use manikin_workflow::{Checked, Overrides, open};

use crate::line::{self, Describe, DescribeFormat};
use crate::output::{End, Voice, put};

pub(crate) fn run(asked: &Describe, voice: Voice) -> Result<ExitCode, End> {
    let checked = open(&asked.spec, Overrides::default()).checked()?;
    voice.warn(&checked.diagnostics, &checked.sources);
    let Some(folder) = &asked.output else {
        put(&text(&checked, asked.format.unwrap_or(DescribeFormat::Mermaid), asked)?)?;
        return Ok(ExitCode::SUCCESS);
    };
    let all = [
        DescribeFormat::Mermaid,
        DescribeFormat::Markdown,
        DescribeFormat::Html,
        DescribeFormat::Sql,
        DescribeFormat::Rules,
    ];
    let wanted: Vec<DescribeFormat> =
        all.into_iter().filter(|format| asked.format.is_none_or(|only| only == *format)).collect();
    std::fs::create_dir_all(folder).map_err(|error| refused(folder, &error))?;
    for format in wanted {
        let name = match format {
            DescribeFormat::Mermaid => "diagram.mmd".to_owned(),
            DescribeFormat::Markdown => "dictionary.md".to_owned(),
            DescribeFormat::Html => "dictionary.html".to_owned(),
            DescribeFormat::Sql => "schema.sql".to_owned(),
            DescribeFormat::Rules => "rules.json".to_owned(),
        };
        let path = folder.join(name);
        std::fs::write(&path, text(&checked, format, asked)?).map_err(|error| refused(&path, &error))?;
        voice.say(&format!("wrote {}", path.display()));
    }
    Ok(ExitCode::SUCCESS)
}

fn text(checked: &Checked, format: DescribeFormat, asked: &Describe) -> Result<String, End> {
    let dialect = match asked.dialect {
        line::Dialect::Postgres => Dialect::PostgreSql,
        line::Dialect::Duckdb => Dialect::DuckDb,
        line::Dialect::Sqlite => Dialect::Sqlite,
    };
    let constraints = if asked.no_constraints { Constraints::Omitted } else { Constraints::Declared };
    Ok(match format {
        DescribeFormat::Mermaid => mermaid(checked),
        DescribeFormat::Markdown => markdown(checked)?,
        DescribeFormat::Html => html(checked)?,
        DescribeFormat::Sql => sql(checked, dialect, constraints),
        DescribeFormat::Rules => rules(checked, dialect)?,
    })
}

fn refused(path: &Path, error: &std::io::Error) -> End {
    let diagnostic = Diagnostic::error(codes::CANNOT_WRITE, format!("{}: {error}", path.display()));
    diagnostic.help("name a folder that can be written, with -o").into()
}
