export { DIALECTS, type DialectName, isDialectName } from "./dialects/registry";
export { type FaultName, FAULTS, isFaultName } from "./faults/registry";
export { VirtualMn316, type VirtualMn316Options } from "./virtual-mn316";
