import { EINVAL } from "../errno.ts";
import type { Mm } from "../mm.ts";
import type { Process } from "../process.ts";
import { type PseudoFileEntry, type SystemState, readOnlyFile } from "./pseudo-file.ts";
import { maps, smaps } from "./task-mmu.ts";

/** The files of each process. [M fs/proc/base.c tgid_base_stuff] */
export function taskFiles({ kernel, tasks }: SystemState): PseudoFileEntry[] {
  return [...tasks.values()].flatMap((process) => {
    const { pid, mm } = process;
    if (mm === undefined) return [];
    return [
      readOnlyFile(`/proc/${pid}/maps`, EINVAL, () => maps(kernel, mm)),
      readOnlyFile(`/proc/${pid}/smaps`, EINVAL, () => smaps(kernel, mm)),
      readOnlyFile(`/proc/${pid}/status`, EINVAL, () => status(process, mm, stateOf(process, kernel.activeMm === mm))),
    ];
  });
}

/** /proc/PID/status, in part. [S L36x fs/proc/task_mmu.c task_mem; M fs/proc/array.c proc_pid_status] */
function status({ pid, ppid, comm }: Process, { vmas, nrPtes }: Mm, state: string): string {
  const size = vmas.reduce((sum, { start, end }) => sum + end - start, 0);
  const kB = (bytes: number): string => `${String(bytes / 1024).padStart(8)} kB`;
  return [
    `Name:\t${comm}`,
    `State:\t${state}`,
    `Tgid:\t${pid}`,
    `Pid:\t${pid}`,
    `PPid:\t${ppid}`,
    `VmSize:\t${kB(size)}`,
    `VmPTE:\t${kB(nrPtes * 4096)}`,
    "Threads:\t1",
  ].reduce((text, line) => `${text}${line}\n`, "");
}

/** Who waits for a child of vfork does not take signals. */
function stateOf({ vforkChild }: Process, active: boolean): string {
  if (vforkChild !== undefined) return "D (disk sleep)";
  return active ? "R (running)" : "S (sleeping)";
}
