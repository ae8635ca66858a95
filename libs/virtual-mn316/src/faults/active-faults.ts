import type { Packet } from "mqtt-packet";
import type { ActiveFault, FaultTarget } from "./fault";
import { type FaultName, FAULTS } from "./registry";

/** The faults of one module that are switched on, in that order. */
export class ActiveFaults {
  private readonly active = new Map<FaultName, ActiveFault>();

  get names(): FaultName[] {
    return [...this.active.keys()];
  }

  set(name: FaultName, isOn: boolean, target: FaultTarget): void {
    const running = this.active.get(name);
    if (isOn === (running !== undefined)) return;
    if (isOn) this.active.set(name, FAULTS[name].start(target));
    else {
      this.active.delete(name);
      running?.stop?.();
    }
  }

  isCommandHandled(line: string): boolean {
    return [...this.active.values()].some((fault) => fault.onCommand?.(line) ?? false);
  }

  isPacketLost(packet: Packet): boolean {
    for (const fault of this.active.values()) if (fault.onPacket?.(packet)) return true;
    return false;
  }

  input(bytes: Buffer): Buffer {
    for (const { onInput } of this.active.values()) if (onInput) bytes = onInput(bytes);
    return bytes;
  }

  echo(bytes: Buffer): Buffer {
    for (const { onEcho } of this.active.values()) if (onEcho) bytes = onEcho(bytes);
    return bytes;
  }

  output(bytes: Buffer): Buffer | undefined {
    let left: Buffer | undefined = bytes;
    for (const { onOutput } of this.active.values()) if (left && onOutput) left = onOutput(left);
    return left;
  }
}
