// One fork and exec of 64 GiB of hugepages under the scheme that is named as first argument. Prints what was counted as
// JSON. Second argument: `shared` (default) or `private`; third: `xen` (default) or `native`; fourth: where to map, in
// bytes (default: where the kernel likes).
//
// A program of its own, so that its peak memory is its own and it runs what is shipped, without a test runner around it.
import { audit, createHost, perfDifference, snapshotPerf } from "@xsp/hypervisor";
import { MAP_ANONYMOUS, MAP_HUGETLB, MAP_PRIVATE, MAP_SHARED, bootGuest, eventDifference } from "@xsp/guest";

const HUGEPAGES = 32_768;
/** Room for the direct map's tables and everything else: 256 MiB. */
const OTHER_FRAMES = 65_536;
const frames = HUGEPAGES * 512 + OTHER_FRAMES;

const [scheme, sharing = "shared", pvOps = "xen", address = "0"] = process.argv.slice(2);
const flags = (sharing === "private" ? MAP_PRIVATE : MAP_SHARED) | MAP_ANONYMOUS | MAP_HUGETLB;
const host = createHost({ frames: frames + 512, scheme });
const free = host.freeFrames;
const guest = bootGuest(host, { frames, pvOps });

/** Counts on both sides what a piece of work costs. */
function measure(work) {
  const perf = snapshotPerf(host);
  const events = guest.events();
  const result = work();
  return {
    result,
    perf: perfDifference(perf, snapshotPerf(host)),
    events: eventDifference(events, guest.events()),
  };
}

let parent;
let child;
const pool = measure(() => guest.setNrHugepages(HUGEPAGES));
const { marked } = guest.pool();
const touch = measure(() => {
  parent = guest.spawn("instance");
  return guest.touchAll(parent, guest.mmap(parent, { length: HUGEPAGES * 2 ** 21, flags, address: Number(address) }));
});
const fork = measure(() => {
  child = guest.fork(parent);
});
const afterFork = audit(host).length;
const exec = measure(() => guest.exec(child, "login"));
const afterExec = audit(host).length;
const { log } = guest;
const destroyed = guest.shutdown();
const framesLeft = free - host.freeFrames;
const differences = { afterFork, afterExec, atTheEnd: audit(host).length };
const peakRssMiB = process.resourceUsage().maxRSS / 1024;
console.log(JSON.stringify({ pool, marked, touch, fork, exec, log, destroyed, framesLeft, differences, peakRssMiB }));
