import { Group, Stack } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { useClient } from "../client-context";
import { DownloadButton } from "../common/download-button";
import { useEndlessList } from "../common/endless-list";
import { PageHeading } from "../common/page-heading";
import { PageList } from "../common/page-list";
import { useAccessTexts } from "../texts/use-access-texts";
import { AuditFilters } from "./audit-filters";
import { AuditRow } from "./audit-row";
import { auditQuery } from "./audit-search";

const REFRESH_MS = 15_000;
const FORMATS = ["csv", "ndjson"] as const;
const route = getRouteApi("/audit");

/** Who did what, when, and what it changed. */
export function AuditPage() {
  const client = useClient();
  const { audit: texts } = useAccessTexts();
  const search = route.useSearch();
  const query = auditQuery(search);
  const list = useEndlessList({
    queryKey: ["audit", search],
    list: ({ cursor, signal }) => client.audit.list({ ...query, cursor }, { signal }),
    refreshMs: REFRESH_MS,
  });
  return (
    <Stack>
      <PageHeading title={texts.title}>
        <Group gap="xs">
          {FORMATS.map((format) => (
            <DownloadButton
              key={format}
              label={texts.exportAs(format.toUpperCase())}
              name={texts.exportAs(format.toUpperCase())}
              file={`audit.${format}`}
              load={() => client.audit.export({ ...query, format })}
            />
          ))}
        </Group>
      </PageHeading>
      <AuditFilters key={JSON.stringify(search)} />
      <PageList
        {...list}
        columns={[texts.when, texts.actor, texts.action, texts.resource, texts.outcome, ""]}
        empty={texts.none}
        row={(entry) => <AuditRow key={entry.id} entry={entry} />}
      />
    </Stack>
  );
}
