import type { Vcpu } from "./host.ts";

/**
 * What page types need from page tables: taking and giving back the references of a table's entries. It stands in a
 * lower row than its implementation because types and tables call one another: a table's entry takes a type, and a
 * type's first reference validates a table.
 */
export interface PageTableContents {
  /**
   * Takes the reference of each entry of a page table or descriptor page, from where its note says.
   *
   * @param type - the frame's type bits.
   * @returns 0, −ERESTART when preempted (the note says where), −EINTR when preempted before anything was done, or the error of the entry that was refused.
   */
  validate(vcpu: Vcpu, frame: number, type: number, preemptible: boolean): number;

  /**
   * Gives the references of the entries back, from where the note says downwards.
   *
   * @param word - the frame's `type_info` as it was before it lost `validated`.
   * @returns 0, −ERESTART when preempted, or −EINTR when preempted before anything was done.
   */
  invalidate(vcpu: Vcpu, frame: number, word: number, preemptible: boolean): number;
}
