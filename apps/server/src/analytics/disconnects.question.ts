import type { Disconnects, DisconnectsQuery } from "@mn316-fleet/contracts";
import { CAUSES } from "@mn316-fleet/protocol";
import { Injectable } from "@nestjs/common";
import { DISCONNECTS } from "./disconnects.source";
import { Asking } from "./question/asking";
import { allOf, byKey, Countings, groupName } from "./question/countings";

/** How often modules lost their connection, by cause. */
@Injectable()
export class DisconnectsQuestion {
  constructor(
    private readonly asking: Asking,
    private readonly countings: Countings,
  ) {}

  async answer(query: DisconnectsQuery): Promise<Disconnects> {
    const question = await this.asking.question(query);
    const [head, buckets, groups] = await Promise.all([
      this.asking.head(question),
      this.countings.buckets(question, DISCONNECTS),
      this.countings.groups(question, DISCONNECTS),
    ]);
    return {
      ...head,
      bucket: query.bucket,
      totals: byKey(CAUSES, allOf(buckets)),
      rows: buckets.map((bucket) => ({ at: bucket.at, ...byKey(CAUSES, bucket) })),
      ...(groups && { groups: groups.map((group) => ({ ...groupName(group), ...byKey(CAUSES, group) })) }),
    };
  }
}
