import { nrFreePages } from "../kernel.ts";
import { nrPageTablePages } from "./meminfo.ts";
import type { SystemState } from "./pseudo-file.ts";

/** /proc/buddyinfo: free blocks of orders 0 to 10 in each zone; the tenth column has 2 MiB. [M mm/vmstat.c frag_show; linux-facts §6.1] */
export function buddyinfo({ kernel }: SystemState): string {
  return kernel.zones
    .map(({ name, nrFree }) => {
      const counts = Array.from(nrFree, (count) => `${String(count).padStart(6)} `);
      return `Node 0, zone ${name.padStart(8)} ${counts.join("")}\n`;
    })
    .join("");
}

/** /proc/vmstat, as far as the model counts the same. [M mm/vmstat.c vmstat_text] */
export function vmstat(state: SystemState): string {
  const { kernel } = state;
  return [`nr_free_pages ${nrFreePages(kernel)}`, `nr_page_table_pages ${nrPageTablePages(state)}`].reduce(
    (text, line) => `${text}${line}\n`,
    "",
  );
}
