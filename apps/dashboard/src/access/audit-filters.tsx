import { Button, Group, Select, TextInput } from "@mantine/core";
import { AUDIT_OUTCOMES } from "@mn316-fleet/contracts";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { useAccessTexts } from "../texts/use-access-texts";
import { useTexts } from "../texts/use-texts";
import { readAuditSearch } from "./audit-search";

const route = getRouteApi("/audit");
const TEXTS = ["actor", "action", "resource"] as const;
const DAYS = ["from", "to"] as const;

/** What the audit is narrowed to. */
export function AuditFilters() {
  const { audit: texts } = useAccessTexts();
  const { filters } = useTexts();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [typed, setTyped] = useState<Record<string, string>>({ ...search });
  const hints = { actor: texts.actorHint, action: texts.actionHint, resource: texts.resourceHint };
  const change = (name: string, value: string) => {
    setTyped((former) => ({ ...former, [name]: value }));
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void navigate({ search: readAuditSearch(typed), replace: true, resetScroll: false });
      }}
    >
      <Group align="flex-end">
        {TEXTS.map((name) => (
          <TextInput
            key={name}
            label={texts[name]}
            placeholder={hints[name]}
            miw={180}
            value={typed[name] ?? ""}
            onChange={({ currentTarget: { value } }) => {
              change(name, value);
            }}
          />
        ))}
        <Select
          label={texts.outcome}
          placeholder={filters.any}
          clearable
          w={150}
          value={typed.outcome === "" ? null : (typed.outcome ?? null)}
          data={AUDIT_OUTCOMES.map((value) => ({ value, label: texts.outcomes[value] }))}
          onChange={(value) => {
            change("outcome", value ?? "");
          }}
        />
        <Group wrap="nowrap">
          {DAYS.map((name) => (
            <TextInput
              key={name}
              type="date"
              label={texts[name]}
              value={typed[name] ?? ""}
              onChange={({ currentTarget: { value } }) => {
                change(name, value);
              }}
            />
          ))}
        </Group>
        <Button type="submit" variant="default">
          {texts.narrow}
        </Button>
      </Group>
    </form>
  );
}
