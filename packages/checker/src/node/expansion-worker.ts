import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { expand } from "../expansion.ts";
import { type ExpansionRun, type ExpansionTables, newExpansionRun } from "../expansion-tables.ts";
import { Control, type WorkerStart } from "./worker-control.ts";

// One thread of a pool. It has numbers only, never the model's code: a state that needs code goes back to the pool.
const { control, out } = workerData as WorkerStart;
const port = parentPort;
if (port === null) throw new Error("this file is started by a worker pool, not by hand");

let tables: ExpansionTables | undefined;
let run: ExpansionRun | undefined;
for (let asked = 0; ;) {
  Atomics.wait(control, Control.asked, asked);
  asked = Atomics.load(control, Control.asked);
  if (Atomics.load(control, Control.leave) !== 0) break;
  for (let mail = receiveMessageOnPort(port); mail !== undefined; mail = receiveMessageOnPort(port)) {
    tables = mail.message as ExpansionTables;
    run = newExpansionRun(tables.slots, tables.vcpus, tables.codes.length, out);
  }
  if (tables === undefined || run === undefined) throw new Error("the pool asked before it sent tables");
  run.transitions = 0;
  run.outLength = 0;
  run.hits.fill(-1);
  expand(tables, run, Atomics.load(control, Control.from), Atomics.load(control, Control.to));
  Atomics.store(control, Control.position, run.position);
  Atomics.store(control, Control.outLength, run.outLength);
  Atomics.store(control, Control.transitions, run.transitions);
  run.hits.forEach((state, hit) => Atomics.store(control, Control.size + hit, state));
  Atomics.store(control, Control.answered, asked);
  Atomics.notify(control, Control.answered);
}
