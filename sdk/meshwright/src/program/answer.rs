//! What a program answers to each verb.
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{Schema, SchemaRef};

use super::inputs;
use super::link::Link;
use crate::error::Error;
use crate::wire::{Encoder, Object, Op, PROTOCOL, RESULT, Request, Verb};
use crate::{Batches, BoxError, DataProduct, Inputs, Parts};

pub(super) fn answer(product: &dyn DataProduct, request: Request, link: &mut Link) -> Result<(), Error> {
    let parts = product.parts().checked()?;
    match request.verb {
        Verb::Describe => describe(&product.description(), &parts, link).map_err(Error::from_box),
        Verb::Ingest => {
            let source = find(&parts.sources, "source", &request.name)?;
            let rows = source.read(&request.window).map_err(Error::from_box)?;
            send(source.schema(), rows, link)
        }
        Verb::Step => {
            let step = find(&parts.steps, "step", &request.name)?;
            let rows = step.serve(receive(&request, link)?).map_err(Error::from_box)?;
            send(step.schema(), rows, link)
        }
        Verb::Check => {
            let check = find(&parts.checks, "check", &request.name)?;
            let rows = receive(&request, link)?.batches("rows").map_err(Error::from_box)?;
            let found = check.check(rows).map_err(Error::from_box)?;
            let outcome = Object::new()
                .number("rows", found.rows)
                .number("violations", found.violations)
                .texts("samples", &found.samples)
                .optional("message", found.message.as_deref())
                .finish();
            link.send(Op::Answer, RESULT, outcome.as_bytes()).map_err(|error| Error::from_box(error.into()))
        }
    }
}

fn find<'a, T: ?Sized>(parts: &'a [(String, Box<T>)], kind: &str, name: &str) -> Result<&'a T, Error> {
    let found = parts.iter().find(|(known, _)| known == name);
    found.map(|(_, part)| &**part).ok_or_else(|| Error::not_found(format!("the program has no {kind} `{name}`")))
}

/// The inputs of a request, each opened when it is taken.
fn receive(request: &Request, link: &Link) -> Result<Inputs, Error> {
    let count = u32::try_from(request.inputs.len()).map_err(|_| Error::unexpected("too many inputs"))?;
    let streams = link.receive(count).map_err(|error| Error::from_box(error.into()))?;
    let named = request.inputs.iter().zip(streams).zip(1..);
    Ok(named.fold(Inputs::new(), |inputs, ((name, messages), stream)| {
        let link = link.clone();
        inputs.with_lazy(name, Box::new(move || inputs::open(link, stream, messages)))
    }))
}

/// Sends rows as they are made.
fn send(schema: SchemaRef, rows: Batches, link: &Link) -> Result<(), Error> {
    let mut rows = Batches::new(schema.clone(), rows);
    let sent = (|| {
        let mut encoder = Encoder::new(&schema)?;
        while let Some(message) = encoder.next(&mut rows) {
            link.send(Op::Data, RESULT, &message?)?;
        }
        link.send(Op::Data, RESULT, &encoder.finish()?)?;
        Ok::<(), BoxError>(link.send(Op::End, RESULT, b"")?)
    })();
    sent.map_err(Error::from_box)
}

/// JSON with the numbers of the streams that carry the schemas, as IPC streams without batches.
fn describe(description: &str, parts: &Parts, link: &Link) -> crate::Result<()> {
    let mut streams = RESULT;
    let mut schema = |schema: &Schema| -> crate::Result<u64> {
        streams += 1;
        let mut bytes = Vec::new();
        StreamWriter::try_new(&mut bytes, schema)?.finish()?;
        link.send(Op::Data, streams, &bytes)?;
        Ok(u64::from(streams))
    };
    let part = |name: &str, description: String| Object::new().text("name", name).text("description", &description);
    let (mut sources, mut steps, mut checks) = (Vec::new(), Vec::new(), Vec::new());
    for (name, source) in &parts.sources {
        sources.push(part(name, source.description()).number("schema", schema(&source.schema())?));
    }
    for (name, step) in &parts.steps {
        let mut inputs = Vec::new();
        for input in step.inputs() {
            let object = Object::new().text("name", input.name());
            inputs.push(match input.schema() {
                Some(columns) => object.number("schema", schema(columns)?),
                None => object.optional("schema", None),
            });
        }
        let step = part(name, step.description()).number("schema", schema(&step.schema())?);
        steps.push(step.objects("inputs", inputs));
    }
    for (name, check) in &parts.checks {
        let check_part = part(name, check.description()).text("port", check.port());
        checks.push(check_part.text("severity", check.severity().as_str()));
    }
    let answer = Object::new()
        .number("protocol", PROTOCOL)
        .text("sdk", env!("CARGO_PKG_VERSION"))
        .text("description", description)
        .objects("sources", sources)
        .objects("steps", steps)
        .objects("checks", checks)
        .finish();
    Ok(link.send(Op::Answer, RESULT, answer.as_bytes())?)
}
