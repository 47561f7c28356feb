//! Diagnostics as text for people: the lines of the files, with the places underlined.
use annotate_snippets::renderer::Renderer;
use annotate_snippets::{AnnotationKind, Level, Snippet};

use super::{Diagnostic, Label, Severity, SourceFile, Sources, redact};

/// Wide enough for what people write in files; fixed, so that the same mistake always reads the same.
const WIDTH: usize = 120;

impl Diagnostic {
    /// The message, every place with its line, and the help; no line feed at the end.
    pub fn render(&self, sources: &Sources, color: bool) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Info => Level::INFO,
        };
        let message = redact(&self.message);
        let files = self.by_file(sources);
        let title = level.primary_title(message).id(self.code);
        let group = title.elements(files.iter().map(|(file, labels)| snippet(file, labels, self.labels.first())));
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let mut text = renderer.term_width(WIDTH).render(&[group]);
        let word = if color { "\u{1b}[1m\u{1b}[96mhelp\u{1b}[0m" } else { "help" };
        for help in &self.help {
            text.push_str(&format!("\n{word}: {}", redact(help)));
        }
        text
    }

    /// The labels of each file together, the file of the primary label first.
    fn by_file<'a>(&'a self, sources: &'a Sources) -> Vec<(&'a SourceFile, Vec<&'a Label>)> {
        let mut files: Vec<(usize, Vec<&Label>)> = Vec::new();
        for label in &self.labels {
            match files.iter_mut().find(|(file, _)| *file == label.span.file) {
                Some((_, labels)) => labels.push(label),
                None => files.push((label.span.file, vec![label])),
            }
        }
        files.into_iter().filter_map(|(file, labels)| Some((sources.get(file)?, labels))).collect()
    }
}

fn snippet<'a>(
    file: &'a SourceFile,
    labels: &[&'a Label],
    primary: Option<&'a Label>,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let annotations = labels.iter().map(|label| {
        let first = primary.is_some_and(|primary| std::ptr::eq(primary, *label));
        let kind = if first { AnnotationKind::Primary } else { AnnotationKind::Context };
        let annotation = kind.span(within(&file.text, label.span.start, label.span.end));
        if label.text.is_empty() { annotation } else { annotation.label(redact(&label.text)) }
    });
    Snippet::source(redact(&file.text)).path(file.path.to_string_lossy()).annotations(annotations)
}

/// A span that lies in the text and on character boundaries, whatever was asked for.
fn within(text: &str, start: usize, end: usize) -> std::ops::Range<usize> {
    let floor = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let start = floor(start);
    start..floor(end).max(start)
}
