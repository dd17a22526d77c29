import { readFileSync, readdirSync } from "node:fs";
import { expect, it } from "vitest";

// What a guest may use of the hypervisor: hypercalls, loads and stores of its CPU, the numbers of the public
// interface, and, to come into the world, the toolstack's part of a domain's life.
const allowed = [
  /^do(MmuUpdate|MmuextOp|UpdateVaMapping|Multicall|MemoryOp)$/,
  /^(storeToFrame|storeToPageTable|clearBitsInPageTable|loadFromFrameLow|loadFromFrameHigh|openFrame|FrameView|touch)$/,
  /^(createDomain|unpauseDomain|destroyDomain|builderStore|openBuilderFrame)$/,
  /^(_PAGE_|MMU_|MMUEXT_|UVMF_|XENMEM_|DOMID_|__HYPERVISOR_)/,
  /^(mfn|pfn|Mfn|Pfn|pteLo|pteHi|pteMfn)$/,
  /^(Domain|Host|Vcpu|MulticallEntry)$/,
];

const src = new URL("../src/", import.meta.url);

const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));

it.each(files)("%s reaches the hypervisor through hypercalls and its CPU only", (file) => {
  const code = readFileSync(new URL(file, src), "utf8");
  const lists = [...code.matchAll(/import (?:type )?\{([^}]*)\} from "@xsp\/hypervisor"/g)];
  const names = lists.flatMap(([, list]) => (list ?? "").split(",").map((name) => name.replace("type ", "").trim()));
  expect(names.filter((name) => name !== "" && !allowed.some((pattern) => pattern.test(name)))).toEqual([]);
  expect(code.match(/from "@xsp\/hypervisor"/g)?.length ?? 0).toBe(lists.length);
});
