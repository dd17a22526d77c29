import { AccessKind, type Instrument } from "@xsp/words";
import type { CompiledModel } from "./compiled-model.ts";
import type { Property, StateView, VcpuView } from "./model.ts";

/** One state as something outside the stores can show it. */
export interface ReadableState {
  word(address: number): number;
  vcpu(index: number): VcpuView;
  /** Told which bits of a word were looked at. */
  looked?(address: number, bits: number): void;
}

/**
 * Runs a property's predicate, or its explanation, over one state: the model's own words answer from that state.
 *
 * @throws Error when it writes, or reads an operation it did not declare to see.
 */
export function readProperty<T>(
  compiled: CompiledModel,
  property: Property,
  state: ReadableState,
  body: (property: Property, view: StateView) => T,
): T {
  const reading = new StateReading(compiled, property, state);
  return compiled.behindDoor(reading, () => body(property, reading));
}

class StateReading implements Instrument, StateView {
  readonly vcpus: number;
  private readonly compiled: CompiledModel;
  private readonly property: Property;
  private readonly state: ReadableState;
  private mask = -1;

  constructor(compiled: CompiledModel, property: Property, state: ReadableState) {
    this.compiled = compiled;
    this.vcpus = compiled.programs.length;
    this.property = property;
    this.state = state;
  }

  vcpu(index: number): VcpuView {
    if (!Number.isInteger(index) || index < 0 || index >= this.vcpus) {
      throw new RangeError(`property ${this.property.name} asks for vCPU ${index} of ${this.vcpus}`);
    }
    const view = this.state.vcpu(index);
    return this.property.seesOperations === true ? view : hidingOperation(this.property.name, view);
  }

  bits<T>(mask: number, look: () => T): T {
    const before = this.mask;
    this.mask &= mask;
    const seen = look();
    this.mask = before;
    return seen;
  }

  access(kind: AccessKind, address: number, value: number): number {
    const where = (): string => this.compiled.describeAddress(address);
    if (kind === AccessKind.store || kind === AccessKind.compareAndSwap) {
      throw new Error(`property ${this.property.name} writes ${where()}: properties only look`);
    }
    this.state.looked?.(address, this.mask);
    const seen = this.state.word(address) & this.mask;
    if (kind === AccessKind.waitWhile && seen === value) {
      throw new Error(`property ${this.property.name} waits for ${where()}: properties only look`);
    }
    return seen;
  }
}

function hidingOperation(property: string, view: VcpuView): VcpuView {
  const { program, local, resting, done } = view;
  return {
    program,
    local,
    resting,
    done,
    get operation(): never {
      throw new Error(`property ${property} reads the operation under way: declare seesOperations on it`);
    },
  };
}
