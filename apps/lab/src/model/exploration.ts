import { boundsText, checkModel, modelByName, propertyMeaning } from "@xsp/verify";

/** What came of exploring every interleaving of a model. */
export interface Explored {
  readonly model: string;
  readonly scheme: string;
  readonly verdict: "holds" | "violated" | "incomplete";
  readonly states: number;
  readonly transitions: number;
  readonly bounds: string;
  readonly properties: readonly { readonly name: string; readonly meaning: string; readonly verdict: string }[];
  readonly wallNs: number;
}

/**
 * Explores every interleaving of a model under a scheme, as `xsp check` does.
 *
 * @throws RangeError for an unknown model or scheme.
 */
export function explored({ model, scheme }: { model: string; scheme: string }): Explored {
  const started = performance.now();
  const check = checkModel(modelByName(model), scheme);
  return {
    model,
    scheme,
    verdict: check.verdict,
    states: check.states,
    transitions: check.transitions,
    bounds: boundsText(check.bounds),
    properties: check.properties.map(({ name, verdict }) => ({ name, meaning: propertyMeaning[name], verdict })),
    wallNs: (performance.now() - started) * 1e6,
  };
}
