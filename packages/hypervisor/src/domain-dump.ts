import { DOMAIN_dirty_cpus, DOMAIN_state, DOMAIN_total_pages, DOMSTATE_dying } from "./domain-words.ts";
import type { Domain, Host } from "./host.ts";
import { loadOwner } from "./owner-info.ts";
import { xenWord } from "./xen-log.ts";

/*
 * Key `q`: domains with their pages and vCPUs.
 *
 * Models: dump_domains, dump_pageframe_info @ Xen 4.9. Simplified: fields that the model has nothing for are left out:
 * refcnt, pause_count, xenheap_pages, shared_pages, paged_pages, handle, vm_assist, and of a vCPU all but its CPU.
 */

/** Domains with as many pages are not listed page by page. */
const TOO_LONG = 10;

/** A mask of CPUs as a list of ranges: `0-2,5`. */
function cpulist(mask: number): string {
  const ranges: string[] = [];
  for (let cpu = 0; cpu < 32; cpu++) {
    if ((mask & (1 << cpu)) === 0) continue;
    const first = cpu;
    while (cpu < 31 && (mask & (1 << (cpu + 1))) !== 0) cpu++;
    ranges.push(first === cpu ? `${first}` : `${first}-${cpu}`);
  }
  return ranges.join(",");
}

function dumpPageframeInfo(host: Host, domain: Domain): string[] {
  const title = `Memory pages belonging to domain ${domain.domid}:`;
  if (domain.load(DOMAIN_total_pages) >= TOO_LONG) return [title, "    DomPage list too long to display"];
  const lines = [title];
  for (let frame = 0; frame < host.frames; frame++) {
    if (loadOwner(host.owner, frame) !== domain.slot) continue;
    const caf = xenWord(host.count.load(frame));
    const taf = xenWord(host.type.load(frame));
    lines.push(`    DomPage ${frame.toString(16).padStart(16, "0")}: caf=${caf}, taf=${taf}`);
  }
  return lines;
}

function dumpDomain(host: Host, domain: Domain): string[] {
  const { domid, maxFrames, vcpus } = domain;
  const dying = domain.load(DOMAIN_state) === DOMSTATE_dying ? 1 : 0;
  const dirty = cpulist(domain.load(DOMAIN_dirty_cpus));
  return [
    `General information for domain ${domid}:`,
    `    dying=${dying}`,
    `    nr_pages=${domain.load(DOMAIN_total_pages)} dirty_cpus={${dirty}} max_pages=${maxFrames}`,
    ...dumpPageframeInfo(host, domain),
    `VCPU information and callbacks for domain ${domid}:`,
    ...vcpus.map(({ cpu }, number) => `    VCPU${number}: CPU${cpu}`),
  ];
}

/** Prints every domain, in the order of their ids. */
export function dumpDomains(host: Host, key: string): readonly string[] {
  const domains = host.guests().sort((a, b) => a.domid - b.domid);
  return [`'${key}' pressed -> dumping domain info`, ...domains.flatMap((domain) => dumpDomain(host, domain))];
}
