import { InstrumentedWords, type AccessKind, type Instrument } from "@xsp/words";
import type { Model, Program, Property } from "./model.ts";
import { SetupMemory } from "./setup-memory.ts";

/** One region of memory. Addresses count through all regions. */
export interface Region {
  readonly name: string;
  readonly base: number;
  readonly length: number;
}

/** The violations that need no property. */
export const builtInProperties = ["deadlock", "error"] as const;

/**
 * A model after its `setup`: its memory map, initial memory, programs and properties, and the one door through which
 * all of its words are answered. Whoever runs a part of the model stands behind the door first.
 */
export class CompiledModel {
  readonly model: Model;
  readonly regions: readonly Region[];
  readonly initialMemory: Int32Array;
  readonly programs: readonly Program[];
  readonly properties: readonly Property[];
  /** Whether any property reads the operation under way. */
  readonly seesOperations: boolean;
  private answerer: Instrument;

  /** @throws RangeError when the model is malformed, naming what is wrong. */
  constructor(model: Model) {
    this.model = model;
    const memory = new SetupMemory();
    const regions: Region[] = [];
    this.answerer = memory;

    const { programs, properties } = model.setup({
      allocate: (length, name) => {
        if (this.answerer !== memory) throw new Error(`words "${name}" are allocated after setup, expected in it`);
        const region = { name, base: memory.extend(length), length };
        regions.push(region);
        return new InstrumentedWords(this.doorOf(region), region.base, length);
      },
    });

    refuseMalformed(model.name, programs, properties);
    this.regions = regions;
    this.programs = programs;
    this.properties = properties;
    this.seesOperations = properties.some(({ seesOperations }) => seesOperations === true);
    this.initialMemory = memory.contents();
    this.answerer = closedDoor;
  }

  /** Runs `body` with every access of the model's words answered by `answerer`. */
  behindDoor<T>(answerer: Instrument, body: () => T): T {
    const before = this.answerer;
    this.answerer = answerer;
    try {
      return body();
    } finally {
      this.answerer = before;
    }
  }

  /** The region that holds an address. Linear in the number of regions. */
  regionOf(address: number): Region {
    const found = this.regions.find(({ base, length }) => address >= base && address < base + length);
    if (found === undefined) throw new RangeError(`no region holds address ${address}`);
    return found;
  }

  /** An address the way people read it: `typeInfo[3]`. */
  describeAddress(address: number): string {
    const { name, base } = this.regionOf(address);
    return `${name}[${address - base}]`;
  }

  // A door for each region, since only it knows where the region ends: an index out of range must be an error here, not
  // an access to the neighbour.
  private doorOf(region: Region): Instrument {
    return {
      access: (kind: AccessKind, address: number, value: number, desired: number): number => {
        const index = address - region.base;
        if (!Number.isInteger(index) || index < 0 || index >= region.length) {
          throw new RangeError(`${region.name}[${index}] does not exist: it has ${region.length} words`);
        }
        return this.answerer.access(kind, address, value | 0, desired | 0);
      },
    };
  }
}

const closedDoor: Instrument = {
  access(): number {
    throw new Error("a word of a model is accessed outside of setup, programs and properties");
  },
};

function refuseMalformed(model: string, programs: readonly Program[], properties: readonly Property[]): void {
  if (programs.length < 1 || programs.length > 32) {
    throw new RangeError(`model ${model} has ${programs.length} programs, expected 1 to 32`);
  }
  const taken = new Set<string>(builtInProperties);
  for (const { name } of properties) {
    if (taken.has(name)) throw new RangeError(`model ${model} has two properties named ${name}, expected unique names`);
    taken.add(name);
  }
}
