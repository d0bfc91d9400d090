//! Calls: functions of the registry and of the spec.

use std::ops::Range;

use super::operator::{literal, shift};
use super::{Checker, Expr};
use crate::convert::convert;
use crate::error::{
    ExpressionError, TOO_LARGE, TYPE_MISMATCH, UNKNOWN_FUNCTION, UNSUPPORTED, WRONG_ARGUMENTS, nearest,
};
use crate::expression::{Aggregate, Arithmetic, Comparison};
use crate::functions::{Definition, Form, Function, Parameter, REGISTRY, Returns, definition};
use crate::scope::Macro;
use crate::syntax::{Node, Syntax, parse};
use crate::types::{Literal, MAX_SCALE, Type, Unit};

/// How many nodes the spec's functions may expand to in one expression, and how deep.
const MAX_EXPANDED: usize = 20_000;
const MAX_EXPANSION_DEPTH: usize = 16;

impl Checker<'_> {
    pub(super) fn call(
        &mut self,
        syntax: &Syntax,
        name: &str,
        arguments: &[Syntax],
        filter: Option<&Syntax>,
        distinct: bool,
    ) -> Option<Expr> {
        let range = &syntax.range;
        let Some(definition) = definition(name) else {
            return match self.scope.function(name) {
                Some(body) => self.expand(name, &body, arguments, range),
                None => self.unknown_function(name, range),
            };
        };
        if (filter.is_some() || distinct) && !matches!(definition.form, Form::Aggregate(_)) {
            return self.report(
                ExpressionError::new(WRONG_ARGUMENTS, format!("{name} takes no filter and no distinct"), range)
                    .with_help("filter (where …) and distinct belong to aggregates over children"),
            );
        }
        match &definition.form {
            Form::Call { function, parameters, optional, repeats, returns, .. } => {
                let least = parameters.len() - optional;
                let most = if *repeats { usize::MAX } else { parameters.len() };
                self.count(definition, arguments, least, most, range)?;
                self.typed_call(definition, *function, parameters, *returns, arguments)
            }
            Form::If => {
                self.count(definition, arguments, 3, 3, range)?;
                let condition = self.expect(&arguments[0], &Type::Boolean);
                let (mut results, ty) = self.agree(&[&arguments[1], &arguments[2]])?;
                let otherwise = results.pop().map(Box::new);
                Some(Expr::Case { branches: condition.into_iter().zip(results).collect(), otherwise, ty })
            }
            Form::NullIf => {
                self.count(definition, arguments, 2, 2, range)?;
                let (sides, ty) = self.agree(&[&arguments[0], &arguments[1]])?;
                let [left, right] = <[Expr; 2]>::try_from(sides).ok()?;
                let same = Expr::Compare {
                    operation: Comparison::Equal,
                    left: Box::new(left.clone()),
                    right: Box::new(right),
                };
                let null = Expr::Literal { value: Literal::Null, ty: ty.clone() };
                Some(Expr::Case { branches: vec![(same, null)], otherwise: Some(Box::new(left)), ty })
            }
            Form::Remainder => {
                self.count(definition, arguments, 2, 2, range)?;
                let (a, b) = (self.check(&arguments[0]), self.check(&arguments[1]));
                self.arithmetic(Arithmetic::Remainder, a?, &arguments[0].range, b?, &arguments[1].range, range)
            }
            Form::DateTime => {
                self.count(definition, arguments, 1, 3, range)?;
                self.datetime(arguments)
            }
            Form::Interval { unit, each } => {
                self.count(definition, arguments, 1, 1, range)?;
                self.interval(*unit, *each, &arguments[0])
            }
            Form::Aggregate(kind) => {
                self.count(definition, arguments, 1, 1, range)?;
                self.aggregate(*kind, &arguments[0], filter, distinct, range)
            }
            Form::CountIf => {
                self.count(definition, arguments, 1, 1, range)?;
                self.aggregate_where(Aggregate::Count, None, Some(&arguments[0]), range)
            }
            Form::Lookup => self.lookup(definition, arguments, range),
            Form::InTable => self.in_table(definition, arguments, range),
            Form::Cell => self.cell(definition, arguments, range),
        }
    }

    pub(super) fn count(
        &mut self,
        definition: &Definition,
        arguments: &[Syntax],
        least: usize,
        most: usize,
        range: &Range<usize>,
    ) -> Option<()> {
        if (least..=most).contains(&arguments.len()) {
            return Some(());
        }
        let expected = if least == most {
            least.to_string()
        } else if most == usize::MAX {
            format!("{least} or more")
        } else {
            format!("{least} to {most}")
        };
        self.report(
            ExpressionError::new(
                WRONG_ARGUMENTS,
                format!("{} takes {expected} arguments, found {}", definition.name, arguments.len()),
                range,
            )
            .with_help(format!("write {}", definition.usage)),
        )
    }

    fn unknown_function(&mut self, name: &str, range: &Range<usize>) -> Option<Expr> {
        let error = ExpressionError::new(UNKNOWN_FUNCTION, format!("there is no function `{name}`"), range);
        let known = REGISTRY.iter().map(|definition| definition.name);
        let help = match rejected(name) {
            Some(help) => Some(help.to_owned()),
            None => nearest(name, known).map(|near| format!("did you mean `{near}`?")),
        };
        self.report(match help {
            Some(help) => error.with_help(help),
            None => error,
        })
    }

    fn typed_call(
        &mut self,
        definition: &Definition,
        function: Function,
        parameters: &[Parameter],
        returns: Returns,
        arguments: &[Syntax],
    ) -> Option<Expr> {
        let last = parameters.last().copied().unwrap_or(Parameter::Common);
        let kinds: Vec<Parameter> =
            (0..arguments.len()).map(|at| parameters.get(at).copied().unwrap_or(last)).collect();
        if kinds.contains(&Parameter::Common) {
            let parts: Vec<&Syntax> = arguments.iter().collect();
            let (arguments, ty) = self.agree(&parts)?;
            return Some(Expr::Call { function, arguments, ty });
        }
        let checked: Vec<Option<Expr>> =
            arguments.iter().zip(&kinds).map(|(argument, kind)| self.argument(definition, *kind, argument)).collect();
        let arguments = checked.into_iter().collect::<Option<Vec<Expr>>>()?;
        let first = arguments.first().map_or(Type::Null, Expr::ty);
        let digits = match arguments.get(1) {
            Some(Expr::Literal { value: Literal::Integer(digits), .. }) => u8::try_from(*digits).ok(),
            _ => None,
        };
        let ty = match returns {
            Returns::Boolean => Type::Boolean,
            Returns::Integer => Type::Integer,
            Returns::Float => Type::Float,
            Returns::Text => Type::Text,
            Returns::Date => Type::Date,
            Returns::First => first,
            Returns::Decimal => Type::Decimal(digits.unwrap_or(0)),
            Returns::Rounded => match (digits, first) {
                (None, _) => Type::Integer,
                (Some(digits), Type::Decimal(_)) => Type::Decimal(digits),
                (Some(_), _) => Type::Float,
            },
        };
        Some(Expr::Call { function, arguments, ty })
    }

    fn argument(&mut self, definition: &Definition, kind: Parameter, syntax: &Syntax) -> Option<Expr> {
        let expr = self.check(syntax)?;
        let ty = expr.ty();
        let expected = match kind {
            Parameter::Float => return self.converted(expr, &Type::Float, &syntax.range),
            Parameter::Integer => return self.converted(expr, &Type::Integer, &syntax.range),
            Parameter::Text => return self.converted(expr, &Type::Text, &syntax.range),
            Parameter::DateTime => return self.converted(expr, &Type::DateTime, &syntax.range),
            Parameter::List => {
                return self.converted(expr, &Type::List(Box::new(Type::Text)), &syntax.range);
            }
            Parameter::Digits => match expr {
                Expr::Literal { value: Literal::Integer(digits), .. }
                    if (0..=i64::from(MAX_SCALE)).contains(&digits) =>
                {
                    return Some(expr);
                }
                _ => "a written number of digits from 0 to 9",
            },
            Parameter::Character => match &expr {
                Expr::Literal { value: Literal::Text(text), .. } if text.chars().count() == 1 => return Some(expr),
                _ => "a written text of one character",
            },
            Parameter::Number => match ty {
                Type::Null => return self.converted(expr, &Type::Integer, &syntax.range),
                _ if ty.is_number() => return Some(expr),
                _ => "a number",
            },
            Parameter::Temporal => match (&expr, &ty) {
                (Expr::Literal { value: Literal::Text(text), .. }, _) => match Literal::temporal(text) {
                    Some(found) => return Some(literal(found)),
                    None => "a date",
                },
                (_, Type::Null) => return self.converted(expr, &Type::DateTime, &syntax.range),
                _ if ty.is_temporal() => return Some(expr),
                _ => "a date",
            },
            Parameter::Texted => match ty {
                Type::Text => return Some(expr),
                Type::Null => return self.converted(expr, &Type::Text, &syntax.range),
                _ if writable(&ty) => {
                    return Some(Expr::Call { function: Function::Text, arguments: vec![expr], ty: Type::Text });
                }
                _ => "a text",
            },
            Parameter::Writable => match ty {
                Type::Null => return self.converted(expr, &Type::Text, &syntax.range),
                _ if writable(&ty) => return Some(expr),
                _ => "a text, integer, decimal, boolean or date",
            },
            Parameter::Readable => match ty {
                Type::Null => return self.converted(expr, &Type::Text, &syntax.range),
                Type::Text | Type::Boolean => return Some(expr),
                _ if ty.is_number() => return Some(expr),
                _ => "a text, number or boolean",
            },
            Parameter::Common => return Some(expr),
        };
        let error = ExpressionError::new(
            TYPE_MISMATCH,
            format!("{} expects {expected}, found {ty}", definition.name),
            &syntax.range,
        );
        self.report(match (kind, ty) {
            (Parameter::Texted | Parameter::Writable, Type::Float) => {
                error.with_help("say how many digits: decimal(x, 2)")
            }
            _ => error.with_help(format!("write {}", definition.usage)),
        })
    }

    pub(super) fn converted(&mut self, expr: Expr, ty: &Type, range: &Range<usize>) -> Option<Expr> {
        match convert(expr, ty, range) {
            Ok(expr) => Some(expr),
            Err(error) => self.report(error),
        }
    }

    fn datetime(&mut self, arguments: &[Syntax]) -> Option<Expr> {
        let of = self.expect(&arguments[0], &Type::DateTime);
        let mut seconds: Option<Expr> = None;
        for (argument, each) in arguments[1..].iter().zip([3600, 60]) {
            let part = self.expect(argument, &Type::Integer)?;
            let part = times(part, each);
            seconds = Some(match seconds {
                None => part,
                Some(so_far) => arithmetic(Arithmetic::Add, so_far, part, Type::Integer),
            });
        }
        match seconds {
            None => of,
            Some(count) => Some(shift(of?, interval(count, Unit::Second), Unit::Second, false)),
        }
    }

    fn interval(&mut self, unit: Unit, each: i64, argument: &Syntax) -> Option<Expr> {
        let count = self.check(argument)?;
        let whole = match count.ty() {
            Type::Integer => times(count, each),
            Type::Null => self.converted(count, &Type::Integer, &argument.range)?,
            // Part of a day or of a month has no length of its own; part of an hour has.
            Type::Float | Type::Decimal(_) if unit == Unit::Second => {
                let count = self.converted(count, &Type::Float, &argument.range)?;
                let scaled = arithmetic(Arithmetic::Multiply, count, literal(Literal::Float(each as f64)), Type::Float);
                Expr::Call { function: Function::Round, arguments: vec![scaled], ty: Type::Integer }
            }
            _ => self.converted(count, &Type::Integer, &argument.range)?,
        };
        Some(interval(whole, unit))
    }

    /// Replaces a call of one of the spec's functions by its body.
    fn expand(&mut self, name: &str, body: &Macro, arguments: &[Syntax], range: &Range<usize>) -> Option<Expr> {
        if self.expanding.iter().any(|outer| outer == name) {
            let way = self.expanding.join(" → ");
            return self.report(
                ExpressionError::new(
                    UNSUPPORTED,
                    format!("the function `{name}` calls itself ({way} → {name})"),
                    range,
                )
                .with_help("a function is replaced by its body and cannot be recursive"),
            );
        }
        if arguments.len() != body.parameters.len() {
            return self.report(
                ExpressionError::new(
                    WRONG_ARGUMENTS,
                    format!("{name} takes {} arguments, found {}", body.parameters.len(), arguments.len()),
                    range,
                )
                .with_help(format!("write {name}({})", body.parameters.join(", "))),
            );
        }
        let mut syntax = match parse(&body.body) {
            Ok(syntax) => syntax,
            Err(error) => {
                return self.report(ExpressionError {
                    message: format!("in the function `{name}`: {}", error.message),
                    range: range.clone(),
                    ..error
                });
            }
        };
        substitute(&mut syntax, &body.parameters, arguments, range);
        self.expanded += size(&syntax);
        if self.expanded > MAX_EXPANDED || self.expanding.len() >= MAX_EXPANSION_DEPTH {
            return self.report(
                ExpressionError::new(TOO_LARGE, format!("`{name}` expands to too large an expression"), range)
                    .with_help("derive a field for the part that repeats"),
            );
        }
        self.expanding.push(name.to_owned());
        let before = self.errors.len();
        let expr = self.check(&syntax);
        self.expanding.pop();
        for error in &mut self.errors[before..] {
            // Mistakes in the body are shown at the call; mistakes in an argument keep the argument's place.
            if error.range == *range {
                error.message = format!("in the function `{name}`: {}", error.message);
            }
        }
        expr
    }
}

fn writable(ty: &Type) -> bool {
    matches!(ty, Type::Text | Type::Integer | Type::Decimal(_) | Type::Boolean | Type::Date | Type::DateTime)
}

fn arithmetic(operation: Arithmetic, left: Expr, right: Expr, ty: Type) -> Expr {
    Expr::Arithmetic { operation, left: Box::new(left), right: Box::new(right), ty }
}

fn times(count: Expr, each: i64) -> Expr {
    match &count {
        _ if each == 1 => count,
        Expr::Literal { value: Literal::Integer(n), .. } if n.checked_mul(each).is_some() => {
            literal(Literal::Integer(n.wrapping_mul(each)))
        }
        _ => arithmetic(Arithmetic::Multiply, count, literal(Literal::Integer(each)), Type::Integer),
    }
}

/// An interval is its count with another type.
fn interval(count: Expr, unit: Unit) -> Expr {
    match count {
        Expr::Literal { value: Literal::Integer(count), .. } => literal(Literal::Interval { count, unit }),
        count => Expr::Convert { of: Box::new(count), ty: Type::Interval(unit) },
    }
}

fn substitute(syntax: &mut Syntax, parameters: &[String], arguments: &[Syntax], range: &Range<usize>) {
    if let Node::Name(path) = &syntax.node
        && let Some(at) = parameters.iter().position(|parameter| *parameter == path[0])
    {
        match (&arguments[at].node, path.len()) {
            (_, 1) => {
                *syntax = arguments[at].clone();
                return;
            }
            (Node::Name(row), _) => {
                let path = row.iter().chain(&path[1..]).cloned().collect();
                *syntax = Syntax { node: Node::Name(path), range: arguments[at].range.clone() };
                return;
            }
            _ => {}
        }
    }
    syntax.range = range.clone();
    for part in syntax.parts_mut() {
        substitute(part, parameters, arguments, range);
    }
}

fn size(syntax: &Syntax) -> usize {
    1 + syntax.parts().into_iter().map(size).sum::<usize>()
}

/// Functions people expect and why they are not here.
fn rejected(name: &str) -> Option<&'static str> {
    Some(match name {
        "now" | "current_date" | "current_timestamp" | "today" | "getdate" => {
            "the clock is not read, so that the same spec gives the same data: use as_of"
        }
        "random" | "rand" | "uuid" => "expressions draw nothing: give the field a generator",
        "matches" | "regexp_matches" | "regexp_like" | "rlike" => {
            "regular expressions differ between databases: use like, starts_with, contains or a code table"
        }
        "ifnull" | "nvl" | "isnull" => "use coalesce(a, b)",
        "iif" => "use if(condition, a, b)",
        "len" | "char_length" => "use length(x)",
        "substring" => "use substr(x, start, length)",
        "log" => "log means different bases in different databases: use ln or log10",
        "datediff" | "date_diff" | "age" => "use days_between, months_between or years_between",
        "dateadd" | "date_add" => "add an interval: date + days(n)",
        "string" | "str" | "to_char" => "use text(x)",
        "int" => "use integer(x)",
        "ceiling" => "use ceil(x)",
        "pow" => "use power(x, y)",
        "mean" | "average" => "use avg over a child",
        "all" | "bool_and" => "use every(condition)",
        "bool_or" | "exists" => "use any(condition)",
        _ => return None,
    })
}
