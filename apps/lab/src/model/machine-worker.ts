import { type PictureView, drawFrames } from "./frame-picture.ts";
import type { Colouring } from "./frame-classes.ts";
import type { MachineAction } from "./machine-actions.ts";
import { type FrameWords, MachineSession, type MachineSettings, type MachineState } from "./machine-session.ts";
import { addSchemeSource } from "./scheme-source.ts";
import { answerCalls } from "./worker-calls.ts";

let session: MachineSession | undefined;

function built(): MachineSession {
  if (session === undefined) throw new Error("no machine was built in this worker: expected build first");
  return session;
}

const handlers = {
  addScheme: (source: string): Promise<string> => addSchemeSource(source),
  build(settings: MachineSettings): MachineState {
    session = undefined;
    session = new MachineSession(settings, () => performance.now() * 1e6);
    return session.state();
  },
  act: (action: MachineAction): MachineState => built().act(action),
  frame: (frame: number): FrameWords => built().frame(frame),
  picture: ({ colouring, view }: { colouring: Colouring; view: PictureView }): Uint8ClampedArray<ArrayBuffer> =>
    drawFrames(built().classesBy(colouring), view),
  legend: (colouring: Colouring): { readonly name: string; readonly frames: number }[] => built().legend(colouring),
};

/** What this worker can be asked. */
export type MachineCalls = typeof handlers;

answerCalls(handlers);
