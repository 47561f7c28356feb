use iceberg::spec::*;

pub(super) fn primitive(primitive: PrimitiveType) -> Type {
    Type::Primitive(primitive)
}

pub(super) fn field(id: i32, name: &str, data_type: Type) -> NestedFieldRef {
    NestedField::optional(id, name, data_type).into()
}

pub(super) fn structure(members: Vec<NestedFieldRef>) -> Type {
    Type::Struct(StructType::new(members))
}

fn list(id: i32, element: Type) -> Type {
    Type::List(ListType { element_field: NestedField::list_element(id, element, false).into() })
}

fn map(key: i32, id: i32, value: Type) -> Type {
    Type::Map(MapType {
        key_field: NestedField::map_key_element(key, primitive(PrimitiveType::String)).into(),
        value_field: NestedField::map_value_element(id, value, false).into(),
    })
}

/// The fields of the table in one of four epochs; files are written in the first three.
pub(super) fn fields(epoch: usize, nested: bool, old: Option<&Schema>, last: i32) -> Vec<NestedFieldRef> {
    let mut last = last;
    let mut new = || {
        last += 1;
        last
    };
    let id = |path: &str| old.and_then(|old| old.field_id_by_name(path)).unwrap_or_else(|| panic!("no column {path}"));
    let mut fields = if epoch == 0 { first(&mut new) } else { later(epoch, &id, &mut new) };
    if nested {
        fields.extend(match epoch {
            0 => first_nested(&mut new),
            1 => second_nested(&id, &mut new),
            _ => later_nested(epoch, &id, &mut new),
        });
    }
    fields
}

fn first(new: &mut dyn FnMut() -> i32) -> Vec<NestedFieldRef> {
    use PrimitiveType::*;
    let columns = [
        ("i", Int),
        ("l", Long),
        ("fl", Float),
        ("d", Double),
        ("de", Decimal { precision: 9, scale: 2 }),
        ("s", String),
        ("a", Int),
        ("b", Int),
        ("r", String),
        ("x", Int),
        ("dt", Date),
        ("ts", Timestamp),
        ("tz", Timestamptz),
        ("bo", Boolean),
        ("bi", Binary),
        ("part", String),
        ("pi", Int),
    ];
    let key = NestedField::required(new(), "k", primitive(Long)).into();
    [key].into_iter().chain(columns.map(|(name, of)| field(new(), name, primitive(of)))).collect()
}

/// From epoch 1: `a` and `b` swap names, `r` is renamed, `x` is dropped, `i`, `fl`, `de` and `pi` are promoted, `n` is
/// new. From 2: another `x`. In 3: `late`, which no file has.
fn later(epoch: usize, id: &dyn Fn(&str) -> i32, new: &mut dyn FnMut() -> i32) -> Vec<NestedFieldRef> {
    use PrimitiveType::*;
    let mut fields = vec![
        field(id("a").min(id("b")), "b", primitive(Int)),
        NestedField::required(id("k"), "k", primitive(Long)).into(),
        field(id("i"), "i", primitive(Long)),
        field(id("l"), "l", primitive(Long)),
        field(id("fl"), "fl", primitive(Double)),
        field(id("d"), "d", primitive(Double)),
        field(id("de"), "de", primitive(Decimal { precision: 18, scale: 2 })),
        field(id("s"), "s", primitive(String)),
        field(id("a").max(id("b")), "a", primitive(Int)),
        field(if epoch == 1 { id("r") } else { id("r2") }, "r2", primitive(String)),
        field(id("dt"), "dt", primitive(Date)),
        field(id("ts"), "ts", primitive(Timestamp)),
        field(id("tz"), "tz", primitive(Timestamptz)),
        field(id("bo"), "bo", primitive(Boolean)),
        field(id("bi"), "bi", primitive(Binary)),
        field(id("part"), "part", primitive(String)),
        field(id("pi"), "pi", primitive(Long)),
        field(if epoch == 1 { new() } else { id("n") }, "n", primitive(String)),
    ];
    match epoch {
        1 => {}
        2 => fields.push(field(new(), "x", primitive(Double))),
        _ => {
            fields.push(field(id("x"), "x", primitive(Double)));
            fields.push(field(new(), "late", primitive(Int)));
        }
    }
    fields
}

fn first_nested(new: &mut dyn FnMut() -> i32) -> Vec<NestedFieldRef> {
    use PrimitiveType::*;
    let mut column = |name: &str, of| field(new(), name, primitive(of));
    let inner = structure(vec![column("g", Int), column("h", Float)]);
    let mut members = vec![column("u", Int), column("v", Int), column("w", String), column("q", Double)];
    let element = structure(vec![column("u", Int), column("v", Int)]);
    let value = structure(vec![column("u", Int), column("w", String)]);
    members.push(field(new(), "in", inner));
    vec![
        field(new(), "t", structure(members)),
        field(new(), "li", list(new(), element)),
        field(new(), "ma", map(new(), new(), value)),
        field(new(), "ln", list(new(), primitive(Int))),
    ]
}

/// `u` and `v` swap and the new `u` is promoted, `w` is renamed, `in.g` promoted, `in.h` renamed and promoted; members
/// of list elements and map values likewise.
fn second_nested(id: &dyn Fn(&str) -> i32, new: &mut dyn FnMut() -> i32) -> Vec<NestedFieldRef> {
    use PrimitiveType::*;
    let column = |path: &str, name: &str, of| field(id(path), name, primitive(of));
    let inner = structure(vec![column("t.in.h", "hh", Double), column("t.in.g", "g", Long)]);
    let members = vec![
        field(id("t.in"), "in", inner),
        column("t.v", "u", Long),
        column("t.u", "v", Int),
        column("t.w", "w2", String),
        column("t.q", "q", Double),
    ];
    let element =
        vec![column("li.element.u", "v", Long), column("li.element.v", "u", Int), field(new(), "z", primitive(String))];
    let value = vec![column("ma.value.w", "u", String), column("ma.value.u", "w", Long)];
    vec![
        field(id("t"), "t", structure(members)),
        field(id("li"), "li", list(id("li.element"), structure(element))),
        field(id("ma"), "ma", map(id("ma.key"), id("ma.value"), structure(value))),
        field(id("ln"), "ln", list(id("ln.element"), primitive(Long))),
    ]
}

/// `q` was dropped and comes back as another column, `z` is new, a member of the list is gone, a whole struct is new.
fn later_nested(epoch: usize, id: &dyn Fn(&str) -> i32, new: &mut dyn FnMut() -> i32) -> Vec<NestedFieldRef> {
    use PrimitiveType::*;
    let column = |path: &str, name: &str, of| field(id(path), name, primitive(of));
    let mut fresh = |path: &str| if epoch == 2 { new() } else { id(path) };
    let inner = structure(vec![column("t.in.hh", "hh", Double), column("t.in.g", "g", Long)]);
    let members = vec![
        field(id("t.in"), "in", inner),
        column("t.u", "u", Long),
        column("t.v", "v", Int),
        column("t.w2", "w2", String),
        field(fresh("t.q"), "q", primitive(String)),
        field(fresh("t.z"), "z", primitive(Long)),
    ];
    let element = vec![column("li.element.v", "v", Long), column("li.element.z", "z", String)];
    let value = vec![column("ma.value.u", "u", String), column("ma.value.w", "w", Long)];
    vec![
        field(id("t"), "t", structure(members)),
        field(id("li"), "li", list(id("li.element"), structure(element))),
        field(id("ma"), "ma", map(id("ma.key"), id("ma.value"), structure(value))),
        field(id("ln"), "ln", list(id("ln.element"), primitive(Long))),
        field(fresh("t2"), "t2", structure(vec![field(fresh("t2.c"), "c", primitive(Int))])),
    ]
}
