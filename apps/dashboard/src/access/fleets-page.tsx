import { Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useClient } from "../client-context";
import { PageHeading } from "../common/page-heading";
import { PageList } from "../common/page-list";
import { ShownOnce } from "../common/shown-once";
import { WriteForm } from "../common/write-form";
import { useAccessTexts } from "../texts/use-access-texts";
import { FleetRow } from "./fleet-row";

/** The tenants of the installation, for the admins of its host. */
export function FleetsPage() {
  const client = useClient();
  const { fleets: texts } = useAccessTexts();
  const { data, error, refetch } = useQuery({
    queryKey: ["fleets"],
    queryFn: ({ signal }) => client.fleets.list({ signal }),
  });
  return (
    <Stack maw={960}>
      <PageHeading title={texts.title} />
      <Text size="sm" c="dimmed">
        {texts.hint}
      </Text>
      <NewFleet />
      <PageList
        items={data?.items}
        error={error}
        retry={() => void refetch()}
        columns={[texts.name, texts.since, ""]}
        empty={texts.none}
        row={(fleet) => <FleetRow key={fleet.id} fleet={fleet} />}
      />
    </Stack>
  );
}

function NewFleet() {
  const client = useClient();
  const queries = useQueryClient();
  const { fleets: texts } = useAccessTexts();
  const [name, setName] = useState("");
  const create = useMutation({
    mutationFn: () => client.fleets.create({ name }),
    onSuccess: () => {
      setName("");
      return queries.invalidateQueries({ queryKey: ["fleets"] });
    },
  });
  return (
    <WriteForm
      title={texts.new}
      submit={texts.create}
      write={create}
      result={create.data && <ShownOnce label={texts.shownOnce(create.data.name)} value={create.data.key} />}
    >
      <TextInput
        label={texts.name}
        description={texts.nameHint}
        required
        value={name}
        onChange={({ currentTarget: { value } }) => {
          setName(value);
        }}
      />
    </WriteForm>
  );
}
