//! Which nodes of the host's graph are taken.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::c_int;

use ottava::Model;

use crate::abi::{Delegate, Registration};
use crate::host::{Host, Part};
use crate::network::model;
use crate::operator::{HostOperator, Known};
use crate::options::Options;

thread_local! {
    /// Parts that were chosen, for the kernels that the host initializes while its nodes are replaced, on this thread.
    static CHOSEN: RefCell<Vec<(Part, Model)>> = const { RefCell::new(Vec::new()) };
}

/// The model of a part that was chosen.
pub(crate) fn take(part: &Part) -> Option<Model> {
    CHOSEN.with_borrow_mut(|chosen| {
        let index = chosen.iter().position(|(known, _)| known == part)?;
        Some(chosen.swap_remove(index).1)
    })
}

/// Has the host replace the parts of its graph that Ottava runs. What is left stays as it is; that is no error.
///
/// # Errors
/// What the host could not do.
pub(crate) fn claim(
    host: &mut Host<'_>,
    (kernel, delegate): (Registration, *mut Delegate),
    options: &Options,
) -> Result<(), String> {
    let mut choice = Choice::new(host, options)?;
    let parts = choice.parts(host, options)?;
    let taken: Vec<c_int> = choice.plan.iter().copied().filter(|id| choice.operators.contains_key(id)).collect();
    if options.verbose {
        eprintln!("Ottava: takes {} of {} nodes, in {} parts", taken.len(), choice.plan.len(), parts.len());
        for (id, why) in &choice.left {
            eprintln!("Ottava: leaves node {id}: {why}");
        }
    }
    if taken.is_empty() {
        return Ok(());
    }
    CHOSEN.set(parts);
    let replaced = host.replace(kernel, &taken, delegate);
    CHOSEN.set(Vec::new());
    replaced
}

/// Nodes that may be taken, fewer and fewer.
struct Choice {
    /// All nodes in the order that they run.
    plan: Vec<c_int>,
    /// Those that may be taken.
    operators: BTreeMap<c_int, HostOperator>,
    /// Why others are not.
    left: BTreeMap<c_int, String>,
}

impl Choice {
    fn new(host: &Host<'_>, options: &Options) -> Result<Self, String> {
        let known = Known::new();
        let mut choice = Self { plan: host.plan()?, operators: BTreeMap::new(), left: BTreeMap::new() };
        for &id in &choice.plan {
            match known.describe(host, id, options) {
                Ok(operator) => drop(choice.operators.insert(id, operator)),
                Err(why) => drop(choice.left.insert(id, why)),
            }
        }
        Ok(choice)
    }

    /// The parts that the host makes of what may be taken, each as a model. A node that a model cannot have splits a part, so the host
    /// is asked again until nothing has to go.
    fn parts(&mut self, host: &Host<'_>, options: &Options) -> Result<Vec<(Part, Model)>, String> {
        let mut known: Vec<(Part, Model)> = Vec::new();
        loop {
            let candidates: Vec<c_int> =
                self.plan.iter().copied().filter(|id| self.operators.contains_key(id)).collect();
            if candidates.is_empty() {
                return Ok(Vec::new());
            }
            let mut fit = Vec::new();
            let mut unfit = Vec::new();
            for part in host.preview(&candidates)? {
                let whole = part.nodes.len() == self.plan.len();
                let earlier = known.iter().position(|(earlier, _)| *earlier == part);
                let tried =
                    earlier.map_or_else(|| model(host, &self.operators, &part), |at| Ok(known.swap_remove(at).1));
                match tried {
                    Ok(model) if !whole && model.graph().macs() < options.min_macs => {
                        let why = format!("its part has {} multiplications, fewer than min_macs", model.graph().macs());
                        unfit.extend(part.nodes.iter().map(|&id| (id, why.clone())));
                    }
                    Ok(model) => fit.push((part, model)),
                    Err(why) => unfit.extend(self.culprits(host, &part, &why)),
                }
            }
            if unfit.is_empty() {
                return Ok(fit);
            }
            known = fit;
            for (id, why) in unfit {
                let name = self.operators.remove(&id).map_or("?", |operator| operator.name);
                self.left.insert(id, format!("{name}: {why}"));
            }
        }
    }

    /// The nodes for which a part is no model, with the reason: those that are none alone, or all where none is.
    fn culprits(&self, host: &Host<'_>, part: &Part, why: &str) -> Vec<(c_int, String)> {
        let alone = |&id: &c_int| {
            let part = self.single(host, id);
            part.and_then(|part| model(host, &self.operators, &part)).err().map(|why| (id, why))
        };
        let found: Vec<_> = part.nodes.iter().filter_map(alone).collect();
        if found.is_empty() { part.nodes.iter().map(|&id| (id, why.to_owned())).collect() } else { found }
    }

    /// A node as a part.
    fn single(&self, host: &Host<'_>, id: c_int) -> Result<Part, String> {
        let operator = self.operators.get(&id).ok_or("it was not looked at")?;
        let mut inputs = Vec::new();
        for &tensor in operator.inputs.iter().filter(|&&tensor| tensor >= 0) {
            if host.constant(tensor)?.is_none() && !inputs.contains(&tensor) {
                inputs.push(tensor);
            }
        }
        Ok(Part { nodes: vec![id], inputs, outputs: operator.outputs.clone() })
    }
}
