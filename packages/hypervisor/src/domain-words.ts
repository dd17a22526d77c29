// Words of the domain region, one row for each owner slot.
export const DOMAIN_state = 0;
/** Frames that the domain owns. */
export const DOMAIN_total_pages = 1;
/** CPUs that may hold translations of the domain, as a mask. */
export const DOMAIN_dirty_cpus = 2;
/** Words in a row. */
export const DOMAIN_words = 4;
/** Values of a domain's state word. */
export const DOMSTATE_none = 0;
export const DOMSTATE_building = 1;
export const DOMSTATE_running = 2;
export const DOMSTATE_dying = 3;

/** Whether a domain is being destroyed: it gets nothing new any more. */
export function isDying(domain: { readonly load: (field: number) => number }): boolean {
  return domain.load(DOMAIN_state) === DOMSTATE_dying;
}
