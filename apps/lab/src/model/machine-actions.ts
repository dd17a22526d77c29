/** What can be done with a machine, in the order in which it is first possible. */
export const machineActions = ["pool", "map", "fork", "exec", "exit", "audit"] as const;
/** One of them. */
export type MachineAction = (typeof machineActions)[number];
