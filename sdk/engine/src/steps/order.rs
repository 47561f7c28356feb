//! The order in which steps run.
use std::collections::HashMap;

use meshwright_spec::Name;

/// Depth-first order; a circle comes back as the names on it.
pub(super) fn order_of(nodes: &[Name], reads: &HashMap<Name, Vec<Name>>) -> std::result::Result<Vec<Name>, Vec<Name>> {
    fn visit(
        node: &Name,
        nodes: &[Name],
        reads: &HashMap<Name, Vec<Name>>,
        open: &mut Vec<Name>,
        done: &mut Vec<Name>,
    ) -> std::result::Result<(), Vec<Name>> {
        if done.contains(node) || !nodes.contains(node) {
            return Ok(());
        }
        if let Some(at) = open.iter().position(|n| n == node) {
            let mut cycle = open[at..].to_vec();
            cycle.push(node.clone());
            return Err(cycle);
        }
        open.push(node.clone());
        for next in reads.get(node).into_iter().flatten() {
            visit(next, nodes, reads, open, done)?;
        }
        open.pop();
        done.push(node.clone());
        Ok(())
    }
    let (mut open, mut done) = (vec![], vec![]);
    for node in nodes {
        visit(node, nodes, reads, &mut open, &mut done)?;
    }
    Ok(done)
}
