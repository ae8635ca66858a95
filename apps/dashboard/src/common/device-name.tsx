import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useClient } from "../client-context";

/** The name of a device that is known by its id; the id until the name is known. */
export function DeviceName({ id }: { id: string }) {
  const client = useClient();
  const { data } = useQuery({
    queryKey: ["device", id],
    queryFn: ({ signal }) => client.devices.get(id, { signal }),
    staleTime: 60_000,
  });
  return (
    <Text size="sm" fw={500}>
      {data?.name ?? id}
    </Text>
  );
}
