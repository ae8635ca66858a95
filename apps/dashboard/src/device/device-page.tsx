import { Group, Skeleton, Stack, Tabs, Text, Title } from "@mantine/core";
import { ProblemResponseError, UnreachableError } from "@mn316-fleet/client";
import type { Device } from "@mn316-fleet/contracts";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useClient } from "../client-context";
import { LinkBadge } from "../common/link-badge";
import { ProblemAlert } from "../common/problem-alert";
import { StateBadge } from "../common/state-badge";
import { TagBadges } from "../common/tag-badges";
import { ExecutionList } from "../jobs/execution-list";
import { useRefreshMs } from "../live";
import { NotFound } from "../shell/not-found";
import { useTexts } from "../texts/use-texts";
import { ConfigurationTab } from "./configuration/configuration-tab";
import { DEVICE_TABS, type DeviceTab } from "./device-tabs";
import { EventsTab } from "./events/events-tab";
import { OverviewTab } from "./overview/overview-tab";
import { ReconnectButton } from "./reconnect-button";

const REFRESH_MS = 2_000;
const route = getRouteApi("/devices/$id");
const ConsoleTab = lazy(() => import("./console/console-tab"));

/** One device: how it is and why, its configuration, what it reported, and a way to talk to its module. */
export function DevicePage() {
  const { id } = route.useParams();
  const client = useClient();
  const {
    data: device,
    error,
    refetch,
  } = useQuery({
    queryKey: ["device", id],
    queryFn: ({ signal }) => client.devices.get(id, { signal }),
    refetchInterval: useRefreshMs(REFRESH_MS),
  });
  if (error instanceof ProblemResponseError && (error.status === 404 || error.status === 422)) return <NotFound />;
  if (!device)
    return error && !(error instanceof UnreachableError) ? (
      <ProblemAlert error={error} retry={() => void refetch()} />
    ) : (
      <Skeleton h={240} />
    );
  return (
    <Stack gap="md">
      <Heading device={device} />
      <DeviceTabs device={device} />
    </Stack>
  );
}

function Heading({ device }: { device: Device }) {
  return (
    <Group justify="space-between" align="flex-start">
      <div>
        <Group gap="sm">
          <Title order={1} size="h2">
            {device.name}
          </Title>
          <LinkBadge link={device.link} />
          <StateBadge state={device.module.state} />
        </Group>
        <Group gap={6} mt={4}>
          {device.imei !== null && (
            <Text size="sm" c="dimmed">
              {device.imei}
            </Text>
          )}
          <TagBadges tags={device.tags} />
        </Group>
      </div>
      <ReconnectButton device={device} />
    </Group>
  );
}

function DeviceTabs({ device }: { device: Device }) {
  const { tab = "overview" } = route.useSearch();
  const navigate = route.useNavigate();
  const client = useClient();
  const { device: texts } = useTexts();
  return (
    <Tabs
      value={tab}
      keepMounted={false}
      onChange={(value) => {
        void navigate({ search: value === "overview" ? {} : { tab: value as DeviceTab }, replace: true });
      }}
    >
      <Tabs.List mb="md">
        {DEVICE_TABS.map((name) => (
          <Tabs.Tab key={name} value={name}>
            {texts.tabs[name]}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      <Tabs.Panel value="overview">
        <OverviewTab device={device} />
      </Tabs.Panel>
      <Tabs.Panel value="configuration">
        <ConfigurationTab deviceId={device.id} />
      </Tabs.Panel>
      <Tabs.Panel value="events">
        <EventsTab deviceId={device.id} />
      </Tabs.Panel>
      <Tabs.Panel value="jobs">
        <ExecutionList
          queryKey={["executions", device.id]}
          list={(page, signal) => client.devices.executions(device.id, page, { signal })}
        />
      </Tabs.Panel>
      <Tabs.Panel value="console">
        <Suspense fallback={<Skeleton h={420} />}>
          <ConsoleTab device={device} />
        </Suspense>
      </Tabs.Panel>
    </Tabs>
  );
}
