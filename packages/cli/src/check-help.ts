/** What stands below the options of `xsp check --help`. */
export const checkHelp = `
What happens: the shipped hypervisor code is run under every interleaving of its memory accesses, in a machine as small
as a machine can be on which everything can go wrong. "holds" speaks of the bounds that are printed, and of no others. xsp
explain shows a counterexample, --export writes it down.

What is found under rfc, its variants and xen-4.1 is found in the scheme as published.

Bounds: those of the model, as --list prints them, unless an option says otherwise. They are part of tokens and
checkpoints. Each superpage begins as the model's one does. A frame that a superpage of that order does not have stands
for its last: in one of order 0 "pin-1" pins frame 0. Each vCPU, superpage, frame and step more makes a model many times
larger.

--reduction: "independent" makes an access that nobody else can see or disturb at once, "choices" only choices, "none"
leaves nothing out. Verdicts are the same, states and transitions are not. What is violated is then searched for again
with "choices", breadth first, up to 4,000,000 states: the output says whether a counterexample is known to be shortest.

Limits end a check as "incomplete", never as "holds". What was violated before stays violated.

--expect, for scripts: ends with 0 if and only if every check comes out as named. "holds", "violated" and "incomplete"
are verdicts; S1 (or S2 … S6, error) means that a counterexample to it is found, whatever else is. Otherwise it ends with
12 if a check that is not as expected is violated, else with 3 if one is incomplete, else with 4: it holds.

--workers: checks are made several at a time, in threads that share the memory; one that runs out of its share is made
again alone, so --all takes no more workers by itself than have 512 MiB each. A single check has its work shared out.
Results are the same for any number.

Ctrl-C saves a single check in MODEL-SCHEME.xsp-checkpoint (or --checkpoint FILE) and prints how to go on with it; of
several checks it shows those that are done. Ctrl-C again ends at once. A checkpoint is refused, by what differs, if it is
of another model, scheme, bound or property, or of code that has changed since.

--export, by the end of the file's name:
  .html        one page with every access and every word, and what happens in words
  .trace.json  Chrome trace events, one track a vCPU: open it in Perfetto
  .itf.json    Informal Trace Format, for the trace viewers of Apalache and Quint
  .dot         a graph for Graphviz
  .jsonl       every access as a line of JSON

Exit codes: 0 holds within the printed bounds, 12 a counterexample, 3 incomplete, 2 wrong usage, 1 a bug of XSP,
130 interrupted; with --expect 0 as expected, 4 holds unexpectedly.

Examples:
  xsp check --list
  xsp check map-unmark-pin --scheme rfc --scheme sealed
  xsp check map-unmark-pin --scheme xen-4.1 --property S1 --export race.html --export race.trace.json
  xsp check mark-mark --scheme sealed --vcpus 3 --steps 1 --time 5min --checkpoint mark-mark.xsp-checkpoint
  xsp check map-map-unmap --scheme xen-4.1 --superpages 2 --order 0 --expect S1
  xsp check --all --workers 2 --format md > findings.md
`;
