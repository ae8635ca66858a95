import { Badge } from "@mantine/core";

/** A device's tags. */
export function TagBadges({ tags }: { tags: readonly string[] }) {
  return tags.map((tag) => (
    <Badge key={tag} size="xs" variant="default" tt="none" fw={500}>
      {tag}
    </Badge>
  ));
}
