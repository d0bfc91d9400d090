//! The untyped tree of an expression: what `sqlparser` reads, narrowed to the listed subset, with byte ranges.
//!
//! Nothing here knows what a name or a function means; [`crate::check`] does.

use std::ops::Range;

use sqlparser::ast::{
    self, BinaryOperator, CeilFloorKind, DataType, DateTimeField, Expr as Sql, FunctionArg, FunctionArgExpr,
    FunctionArguments, Spanned, UnaryOperator, Value,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Span, Token, Tokenizer};

use crate::error::{DOES_NOT_PARSE, ExpressionError, TOO_LARGE, UNSUPPORTED};
use crate::expression::{Arithmetic, Comparison, Logic};
use crate::types::Literal;

/// The most tokens an expression may have, those of lists of single values aside, and how deep it may nest.
///
/// A chain such as `a + b + c …` is a tree as deep as it is long, and the parser's own walks over it recurse: the bound
/// keeps them within the stack of any thread.
const MAX_TOKENS: usize = 2_000;
/// The most tokens with the lists.
const MAX_LISTED: usize = 100_000;
const MAX_DEPTH: usize = 100;

/// A node and the bytes it was written in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Syntax {
    pub(crate) node: Node,
    pub(crate) range: Range<usize>,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Literal(Literal),
    Name(Vec<String>),
    List(Vec<Syntax>),
    Not(Box<Syntax>),
    Negate(Box<Syntax>),
    Arithmetic(Arithmetic, Box<Syntax>, Box<Syntax>),
    Logical(Logic, Vec<Syntax>),
    Compare(Comparison, Box<Syntax>, Box<Syntax>),
    Case { operand: Option<Box<Syntax>>, branches: Vec<(Syntax, Syntax)>, otherwise: Option<Box<Syntax>> },
    In { of: Box<Syntax>, items: Vec<Syntax>, negated: bool },
    Between { of: Box<Syntax>, low: Box<Syntax>, high: Box<Syntax>, negated: bool },
    IsNull { of: Box<Syntax>, negated: bool },
    IsTruth { of: Box<Syntax>, truth: bool, negated: bool },
    Like { of: Box<Syntax>, pattern: Box<Syntax>, negated: bool },
    Call { name: String, arguments: Vec<Syntax>, filter: Option<Box<Syntax>>, distinct: bool },
}

impl Syntax {
    /// The node's direct parts, for walks that do not care what it is.
    pub(crate) fn parts_mut(&mut self) -> Vec<&mut Syntax> {
        match &mut self.node {
            Node::Literal(_) | Node::Name(_) => Vec::new(),
            Node::List(items) | Node::Logical(_, items) => items.iter_mut().collect(),
            Node::Not(of) | Node::Negate(of) | Node::IsNull { of, .. } | Node::IsTruth { of, .. } => vec![of],
            Node::Arithmetic(_, left, right) | Node::Compare(_, left, right) => vec![left, right],
            Node::Like { of, pattern, .. } => vec![of, pattern],
            Node::Between { of, low, high, .. } => vec![of, low, high],
            Node::In { of, items, .. } => std::iter::once(&mut **of).chain(items).collect(),
            Node::Case { operand, branches, otherwise } => operand
                .iter_mut()
                .map(|part| &mut **part)
                .chain(branches.iter_mut().flat_map(|(when, then)| [when, then]))
                .chain(otherwise.iter_mut().map(|part| &mut **part))
                .collect(),
            Node::Call { arguments, filter, .. } => {
                arguments.iter_mut().chain(filter.iter_mut().map(|part| &mut **part)).collect()
            }
        }
    }

    /// The node's direct parts.
    pub(crate) fn parts(&self) -> Vec<&Syntax> {
        match &self.node {
            Node::Literal(_) | Node::Name(_) => Vec::new(),
            Node::List(items) | Node::Logical(_, items) => items.iter().collect(),
            Node::Not(of) | Node::Negate(of) | Node::IsNull { of, .. } | Node::IsTruth { of, .. } => vec![of],
            Node::Arithmetic(_, left, right) | Node::Compare(_, left, right) => vec![left, right],
            Node::Like { of, pattern, .. } => vec![of, pattern],
            Node::Between { of, low, high, .. } => vec![of, low, high],
            Node::In { of, items, .. } => std::iter::once(&**of).chain(items).collect(),
            Node::Case { operand, branches, otherwise } => operand
                .iter()
                .map(|part| &**part)
                .chain(branches.iter().flat_map(|(when, then)| [when, then]))
                .chain(otherwise.iter().map(|part| &**part))
                .collect(),
            Node::Call { arguments, filter, .. } => arguments.iter().chain(filter.iter().map(|part| &**part)).collect(),
        }
    }
}

/// Reads one expression.
pub(crate) fn parse(text: &str) -> Result<Syntax, ExpressionError> {
    let places = Places::new(text);
    let whole = 0..text.len();
    let dialect = GenericDialect {};
    let tokens = Tokenizer::new(&dialect, text).tokenize_with_location().map_err(|error| {
        let at = places.offset(error.location);
        ExpressionError::new(DOES_NOT_PARSE, error.message, &(at..text.len().max(at)))
    })?;
    let written: Vec<&Token> = tokens
        .iter()
        .map(|token| &token.token)
        .filter(|token| !matches!(token, Token::Whitespace(_) | Token::EOF))
        .collect();
    let listed = written.windows(3).filter(|three| {
        let ends = matches!(three[2], Token::Comma | Token::RParen | Token::RBracket);
        *three[0] == Token::Comma && *three[1] != Token::Comma && ends
    });
    if written.len() > MAX_LISTED || written.len() - 2 * listed.count() > MAX_TOKENS {
        let message = format!("the expression is too long: {} tokens", written.len());
        return Err(ExpressionError::new(TOO_LARGE, message, &whole)
            .with_help("put lists of values into a table and ask in_table(x, 'table'); derive fields for parts"));
    }
    if written.is_empty() {
        return Err(ExpressionError::new(DOES_NOT_PARSE, "the expression is empty", &whole));
    }
    let mut parser = Parser::new(&dialect).with_tokens_with_locations(tokens);
    let sql = match parser.parse_expr() {
        Ok(sql) => sql,
        Err(error) => {
            // At the end of the text the parser's token has no place of its own.
            let range = places.range(parser.peek_token_ref().span).unwrap_or(text.len()..text.len());
            return Err(match error {
                ParserError::TokenizerError(message) | ParserError::ParserError(message) => {
                    ExpressionError::new(DOES_NOT_PARSE, without_place(&message), &range)
                }
                ParserError::RecursionLimitExceeded => {
                    ExpressionError::new(TOO_LARGE, "the expression nests too deeply", &range)
                        .with_help("split it over several fields or functions")
                }
            });
        }
    };
    let next = parser.peek_token_ref();
    if next.token != Token::EOF {
        let range = places.range(next.span).unwrap_or(whole);
        let found = text.get(range.clone()).unwrap_or_default();
        return Err(ExpressionError::new(
            DOES_NOT_PARSE,
            format!("expected an operator or the end of the expression, found `{found}`"),
            &range,
        ));
    }
    Reader { places }.read(&sql, 0)
}

/// The parser ends its messages with a line and column, which the range says better.
fn without_place(message: &str) -> String {
    let kept = message.rfind(" at Line:").map_or(message, |at| &message[..at]);
    let kept = kept.strip_prefix("Expected: ").map(|rest| format!("expected {rest}")).unwrap_or(kept.to_owned());
    kept.replace(", found: EOF", ", found the end of the expression").replace(", found: ", ", found ")
}

/// Turns lines and columns, counted in characters from 1, into byte offsets.
struct Places<'a> {
    text: &'a str,
    lines: Vec<usize>,
}

impl<'a> Places<'a> {
    fn new(text: &'a str) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Places { text, lines }
    }

    fn offset(&self, location: Location) -> usize {
        let line = usize::try_from(location.line.saturating_sub(1)).unwrap_or(0);
        let column = usize::try_from(location.column.saturating_sub(1)).unwrap_or(0);
        let Some(start) = self.lines.get(line) else {
            return self.text.len();
        };
        let rest = &self.text[*start..];
        rest.char_indices().nth(column).map_or(self.text.len(), |(at, _)| start + at)
    }

    fn range(&self, span: Span) -> Option<Range<usize>> {
        if span.start.line == 0 {
            return None;
        }
        let (start, end) = (self.offset(span.start), self.offset(span.end));
        Some(start..end.max(start))
    }
}

struct Reader<'a> {
    places: Places<'a>,
}

impl Reader<'_> {
    fn range(&self, sql: &Sql) -> Range<usize> {
        self.places.range(sql.span()).unwrap_or(0..self.places.text.len())
    }

    fn unsupported(&self, sql: &Sql, what: &str, help: &str) -> ExpressionError {
        ExpressionError::new(UNSUPPORTED, format!("{what} is not part of the expression language"), &self.range(sql))
            .with_help(help)
    }

    fn boxed(&self, sql: &Sql, depth: usize) -> Result<Box<Syntax>, ExpressionError> {
        self.read(sql, depth).map(Box::new)
    }

    fn all(&self, items: &[Sql], depth: usize) -> Result<Vec<Syntax>, ExpressionError> {
        items.iter().map(|item| self.read(item, depth)).collect()
    }

    fn read(&self, sql: &Sql, depth: usize) -> Result<Syntax, ExpressionError> {
        let range = self.range(sql);
        if depth > MAX_DEPTH {
            return Err(ExpressionError::new(
                TOO_LARGE,
                format!("the expression nests more than {MAX_DEPTH} deep"),
                &range,
            )
            .with_help("split it over several fields or functions"));
        }
        let depth = depth + 1;
        let node = match sql {
            Sql::Nested(inner) => return self.read(inner, depth),
            Sql::Identifier(name) => Node::Name(vec![name.value.clone()]),
            Sql::CompoundIdentifier(names) => Node::Name(names.iter().map(|name| name.value.clone()).collect()),
            Sql::Value(value) => Node::Literal(self.literal(sql, &value.value)?),
            Sql::TypedString(typed) => Node::Literal(self.typed(sql, typed)?),
            Sql::Array(array) => Node::List(self.all(&array.elem, depth)?),
            Sql::UnaryOp { op, expr } => match op {
                UnaryOperator::Not => Node::Not(self.boxed(expr, depth)?),
                UnaryOperator::Plus => return self.read(expr, depth),
                UnaryOperator::Minus => Node::Negate(self.boxed(expr, depth)?),
                _ => {
                    return Err(self.unsupported(sql, "this operator", "use not, + or - before a value"));
                }
            },
            Sql::BinaryOp { left, op, right } => self.binary(sql, left, op, right, depth)?,
            Sql::IsNull(of) => Node::IsNull { of: self.boxed(of, depth)?, negated: false },
            Sql::IsNotNull(of) => Node::IsNull { of: self.boxed(of, depth)?, negated: true },
            Sql::IsUnknown(of) => Node::IsNull { of: self.boxed(of, depth)?, negated: false },
            Sql::IsNotUnknown(of) => Node::IsNull { of: self.boxed(of, depth)?, negated: true },
            Sql::IsTrue(of) => Node::IsTruth { of: self.boxed(of, depth)?, truth: true, negated: false },
            Sql::IsNotTrue(of) => Node::IsTruth { of: self.boxed(of, depth)?, truth: true, negated: true },
            Sql::IsFalse(of) => Node::IsTruth { of: self.boxed(of, depth)?, truth: false, negated: false },
            Sql::IsNotFalse(of) => Node::IsTruth { of: self.boxed(of, depth)?, truth: false, negated: true },
            Sql::InList { expr, list, negated } => {
                Node::In { of: self.boxed(expr, depth)?, items: self.all(list, depth)?, negated: *negated }
            }
            Sql::Between { expr, negated, low, high } => Node::Between {
                of: self.boxed(expr, depth)?,
                low: self.boxed(low, depth)?,
                high: self.boxed(high, depth)?,
                negated: *negated,
            },
            Sql::Like { negated, any: false, expr, pattern, escape_char: None } => {
                Node::Like { of: self.boxed(expr, depth)?, pattern: self.boxed(pattern, depth)?, negated: *negated }
            }
            Sql::Like { .. } => {
                return Err(self.unsupported(sql, "LIKE with ANY or ESCAPE", "use starts_with, contains or ends_with"));
            }
            Sql::ILike { .. } => {
                return Err(self.unsupported(sql, "ILIKE", "write lower(x) like '…'"));
            }
            Sql::Case { operand, conditions, else_result, .. } => Node::Case {
                operand: operand.as_ref().map(|of| self.boxed(of, depth)).transpose()?,
                branches: conditions
                    .iter()
                    .map(|branch| Ok((self.read(&branch.condition, depth)?, self.read(&branch.result, depth)?)))
                    .collect::<Result<_, ExpressionError>>()?,
                otherwise: else_result.as_ref().map(|of| self.boxed(of, depth)).transpose()?,
            },
            Sql::Function(function) => self.call(sql, function, depth)?,
            Sql::Floor { expr, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => {
                call("floor", vec![self.read(expr, depth)?])
            }
            Sql::Ceil { expr, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => {
                call("ceil", vec![self.read(expr, depth)?])
            }
            Sql::Floor { .. } | Sql::Ceil { .. } => {
                return Err(self.unsupported(
                    sql,
                    "floor or ceil with a second argument",
                    "scale the number: floor(x * 10) / 10",
                ));
            }
            Sql::Substring { expr, substring_from, substring_for, .. } => {
                let mut arguments = vec![self.read(expr, depth)?];
                for part in [substring_from, substring_for].into_iter().flatten() {
                    arguments.push(self.read(part, depth)?);
                }
                call("substr", arguments)
            }
            Sql::Trim { trim_where: None, trim_what: None, expr, trim_characters: None } => {
                call("trim", vec![self.read(expr, depth)?])
            }
            Sql::Extract { field, expr, .. } => {
                let name = match field {
                    DateTimeField::Year => "year",
                    DateTimeField::Month => "month",
                    DateTimeField::Day => "day",
                    DateTimeField::Hour => "hour",
                    DateTimeField::Minute => "minute",
                    _ => {
                        return Err(self.unsupported(
                            sql,
                            "this part of extract",
                            "use year, month, day, hour, minute, day_of_week or day_of_year",
                        ));
                    }
                };
                call(name, vec![self.read(expr, depth)?])
            }
            Sql::Cast { .. } | Sql::Convert { .. } => {
                return Err(self.unsupported(
                    sql,
                    "a cast",
                    "use text(x), number(x), integer(x), decimal(x, digits), date(x) or datetime(x)",
                ));
            }
            Sql::Interval(_) => {
                return Err(self.unsupported(
                    sql,
                    "an INTERVAL literal",
                    "use days(n), weeks(n), months(n), years(n), hours(n), minutes(n) or seconds(n)",
                ));
            }
            Sql::Subquery(_) | Sql::InSubquery { .. } | Sql::Exists { .. } => {
                return Err(self.unsupported(
                    sql,
                    "a subquery",
                    "use an aggregate over a child such as sum(claim_line.billed), or lookup and in_table",
                ));
            }
            Sql::IsDistinctFrom(..) | Sql::IsNotDistinctFrom(..) => {
                return Err(self.unsupported(sql, "IS DISTINCT FROM", "write a = b or (a is null and b is null)"));
            }
            _ => {
                return Err(self.unsupported(sql, "this SQL", "use arithmetic, comparisons, and/or/not, case, in, between, is null, like and the listed functions"));
            }
        };
        Ok(Syntax { node, range })
    }

    fn literal(&self, sql: &Sql, value: &Value) -> Result<Literal, ExpressionError> {
        let range = self.range(sql);
        match value {
            Value::Null => Ok(Literal::Null),
            Value::Boolean(value) => Ok(Literal::Boolean(*value)),
            Value::SingleQuotedString(text) => Ok(Literal::Text(text.clone())),
            Value::Number(text, false) => {
                if text.bytes().all(|byte| byte.is_ascii_digit()) {
                    text.parse().map(Literal::Integer).map_err(|_| {
                        ExpressionError::new(DOES_NOT_PARSE, format!("{text} is beyond a 64-bit integer"), &range)
                            .with_help("write it with an exponent, such as 1e20, to have a float")
                    })
                } else {
                    match text.parse::<f64>() {
                        Ok(value) if value.is_finite() => Ok(Literal::Float(value)),
                        _ => Err(ExpressionError::new(DOES_NOT_PARSE, format!("{text} is not a number"), &range)),
                    }
                }
            }
            Value::DoubleQuotedString(text) => Err(self.unsupported(
                sql,
                "a double-quoted text",
                &format!("write '{text}' for text, \"{text}\" for a name"),
            )),
            _ => Err(self.unsupported(sql, "this form of literal", "use numbers, 'text', true, false and null")),
        }
    }

    fn typed(&self, sql: &Sql, typed: &ast::TypedString) -> Result<Literal, ExpressionError> {
        let Value::SingleQuotedString(text) = &typed.value.value else {
            return Err(self.unsupported(sql, "this form of literal", "write date '2025-01-31'"));
        };
        let found = Literal::temporal(text);
        match (&typed.data_type, found) {
            (DataType::Date, Some(literal @ Literal::Date(_))) => Ok(literal),
            (DataType::Timestamp(..) | DataType::Datetime(_), Some(Literal::Date(day))) => {
                Ok(Literal::DateTime(i64::from(day) * crate::calendar::DAY))
            }
            (DataType::Timestamp(..) | DataType::Datetime(_), Some(literal)) => Ok(literal),
            (DataType::Date | DataType::Timestamp(..) | DataType::Datetime(_), _) => {
                Err(ExpressionError::new(DOES_NOT_PARSE, format!("'{text}' is not such a date"), &self.range(sql))
                    .with_help("write date '2025-01-31' or timestamp '2025-01-31T13:45:00'"))
            }
            _ => Err(self.unsupported(
                sql,
                "this form of literal",
                "write date '2025-01-31' or timestamp '2025-01-31T13:45:00'",
            )),
        }
    }

    fn binary(
        &self,
        sql: &Sql,
        left: &Sql,
        op: &BinaryOperator,
        right: &Sql,
        depth: usize,
    ) -> Result<Node, ExpressionError> {
        let logic = match op {
            BinaryOperator::And => Some(Logic::And),
            BinaryOperator::Or => Some(Logic::Or),
            _ => None,
        };
        if let Some(logic) = logic {
            // A chain `a or b or c …` leans left as deep as it is long; it is read as one node.
            let mut operands = vec![self.read(right, depth)?];
            let mut rest = left;
            while let Sql::BinaryOp { left, op: same, right } = rest {
                if same != op {
                    break;
                }
                operands.push(self.read(right, depth)?);
                rest = left;
            }
            operands.push(self.read(rest, depth)?);
            operands.reverse();
            return Ok(Node::Logical(logic, operands));
        }
        if *op == BinaryOperator::StringConcat {
            let mut arguments = vec![self.read(right, depth)?];
            let mut rest = left;
            while let Sql::BinaryOp { left, op: BinaryOperator::StringConcat, right } = rest {
                arguments.push(self.read(right, depth)?);
                rest = left;
            }
            arguments.push(self.read(rest, depth)?);
            arguments.reverse();
            return Ok(call("concat", arguments));
        }
        let arithmetic = match op {
            BinaryOperator::Plus => Some(Arithmetic::Add),
            BinaryOperator::Minus => Some(Arithmetic::Subtract),
            BinaryOperator::Multiply => Some(Arithmetic::Multiply),
            BinaryOperator::Divide => Some(Arithmetic::Divide),
            BinaryOperator::Modulo => Some(Arithmetic::Remainder),
            _ => None,
        };
        let comparison = match op {
            BinaryOperator::Eq => Some(Comparison::Equal),
            BinaryOperator::NotEq => Some(Comparison::NotEqual),
            BinaryOperator::Lt => Some(Comparison::Less),
            BinaryOperator::LtEq => Some(Comparison::LessOrEqual),
            BinaryOperator::Gt => Some(Comparison::Greater),
            BinaryOperator::GtEq => Some(Comparison::GreaterOrEqual),
            _ => None,
        };
        match (arithmetic, comparison) {
            (Some(operation), _) => {
                Ok(Node::Arithmetic(operation, self.boxed(left, depth)?, self.boxed(right, depth)?))
            }
            (_, Some(operation)) => Ok(Node::Compare(operation, self.boxed(left, depth)?, self.boxed(right, depth)?)),
            _ => Err(self.unsupported(sql, &format!("the operator {op}"), "use + - * / % || = <> < <= > >= and or")),
        }
    }

    fn call(&self, sql: &Sql, function: &ast::Function, depth: usize) -> Result<Node, ExpressionError> {
        let [ast::ObjectNamePart::Identifier(name)] = function.name.0.as_slice() else {
            return Err(self.unsupported(sql, "a function with a qualified name", "use one of the listed functions"));
        };
        let plain = function.over.is_none()
            && function.null_treatment.is_none()
            && function.within_group.is_empty()
            && !function.uses_odbc_syntax
            && matches!(function.parameters, FunctionArguments::None);
        let FunctionArguments::List(list) = &function.args else {
            return Err(self.unsupported(sql, "a function of this form", "write name(argument, …)"));
        };
        if !plain || !list.clauses.is_empty() {
            return Err(self.unsupported(
                sql,
                "a window or ordered function",
                "use the aggregates sum, count, min, max, avg, any and every over a child",
            ));
        }
        let mut arguments = Vec::with_capacity(list.args.len());
        for argument in &list.args {
            match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(of)) => arguments.push(self.read(of, depth)?),
                _ => {
                    return Err(self.unsupported(sql, "a named or * argument", "write count(child) to count rows"));
                }
            }
        }
        Ok(Node::Call {
            name: name.value.to_lowercase(),
            arguments,
            filter: function.filter.as_ref().map(|of| self.boxed(of, depth)).transpose()?,
            distinct: matches!(list.duplicate_treatment, Some(ast::DuplicateTreatment::Distinct)),
        })
    }
}

fn call(name: &str, arguments: Vec<Syntax>) -> Node {
    Node::Call { name: name.to_owned(), arguments, filter: None, distinct: false }
}
