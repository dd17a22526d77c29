import { schemeNames } from "@xsp/verify";
import { explored } from "./exploration.ts";
import { storyOf } from "./story.ts";
import {
  type PlayableModel,
  beginning,
  firstSteps,
  performed,
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
  performed,
  explored,
  /** What there is to play with. */
  playables: (): { models: PlayableModel[]; schemes: readonly string[] } => {
    return { models: playableModels(), schemes: schemeNames };
  },
};

/** What this worker can be asked. */
export type VerifyCalls = typeof handlers;

answerCalls(handlers);
