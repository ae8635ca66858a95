/** A stretch of time, `toMs` exclusive. */
export interface Stretch {
  fromMs: number;
  toMs: number;
}

/** Nothing passes between module and broker, and nobody tells the module. */
export interface DeadStretch extends Stretch {
  kind: "dead";
  /** By the record, the connection outlived it: to give it up would have been a false alarm. */
  wasOutlived: boolean;
}

/** The module is not connected for another reason, or nobody knows of it: it sends no pings. */
export interface AwayStretch extends Stretch {
  kind: "away";
}

/** What happened to one module's link, whatever its timers were set to. It is connected when the story begins. */
export interface LinkStory extends Stretch {
  /** In order of time, without overlap, within the story. */
  troubles: readonly (DeadStretch | AwayStretch)[];
  /** When the broker was heard but for answers to pings, ascending: each postpones the next ping (§3.4). */
  heardMs: readonly number[];
}
