/**
 * States a fact about the model itself; always on. A guest can never make one fail: what a guest does wrong is answered
 * with an errno.
 *
 * @throws Error when the fact does not hold, which is a bug in XSP.
 */
export function assert(fact: boolean, message: string): asserts fact {
  if (!fact) throw new Error(`bug in the model: ${message}`);
}
