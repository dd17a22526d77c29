import { schemeNames } from "@xsp/verify";
import { storyOf } from "./story.ts";
import {
  type PlayableModel,
  beginning,
  firstSteps,
  playableModels,
  toEndOfOperation,
  turnsAfter,
  withMoves,
} from "./turns.ts";
import { answerCalls } from "./worker-calls.ts";

const handlers = {
  story: storyOf,
  turns: turnsAfter,
  beginning,
  firstSteps,
  withMoves,
  toEndOfOperation,
  /** What there is to play with. */
  playables: (): { models: PlayableModel[]; schemes: readonly string[] } => {
    return { models: playableModels(), schemes: schemeNames };
  },
};

/** What this worker can be asked. */
export type VerifyCalls = typeof handlers;

answerCalls(handlers);
