import { Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useClient } from "../client-context";
import { PageHeading } from "../common/page-heading";
import { PageList } from "../common/page-list";
import { useAccessTexts } from "../texts/use-access-texts";
import { NewUser } from "./new-user";
import { UserRow } from "./user-row";

/** Who may sign in, and as what. */
export function UsersPage() {
  const client = useClient();
  const { users: texts } = useAccessTexts();
  const { data, error, refetch } = useQuery({
    queryKey: ["users"],
    queryFn: ({ signal }) => client.users.list({ signal }),
  });
  return (
    <Stack maw={960}>
      <PageHeading title={texts.title} />
      <Text size="sm" c="dimmed">
        {texts.hint}
      </Text>
      <NewUser />
      <PageList
        items={data?.items}
        error={error}
        retry={() => void refetch()}
        columns={[texts.name, texts.role, texts.signedIn, ""]}
        empty={texts.none}
        row={(user) => <UserRow key={user.id} user={user} />}
      />
    </Stack>
  );
}
