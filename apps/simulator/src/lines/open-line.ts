/** A line that is open for a host, with the module on its far end. */
export interface OpenLine {
  /** What a host opens: a path, or `tcp://host:port`. */
  address: string;
  close: () => Promise<void>;
}
