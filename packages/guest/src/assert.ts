/**
 * States a fact about the model itself; always on. What the modelled user space does wrong is answered with an errno or
 * a signal.
 *
 * @throws Error when the fact does not hold, which is a bug in XSP.
 */
export function assert(fact: boolean, message: string): asserts fact {
  if (!fact) throw new Error(`bug in the guest model: ${message}`);
}
