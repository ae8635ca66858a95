import { Stack, Tabs } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { PageHeading } from "../common/page-heading";
import { useAlertsTexts } from "../texts/use-alerts-texts";
import { AlertList } from "./alert-list";
import { ALERT_TABS, type AlertTab } from "./alert-tabs";
import { ChannelsTab } from "./channels-tab";
import { FailedTab } from "./failed-tab";
import { RulesTab } from "./rules-tab";
import { SilencesTab } from "./silences-tab";

const route = getRouteApi("/alerts");

/** What is and was wrong, what is watched for, and who is told. */
export function AlertsPage() {
  const texts = useAlertsTexts();
  const { tab = "open" } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Stack>
      <PageHeading title={texts.title} />
      <Tabs
        value={tab}
        keepMounted={false}
        onChange={(value) => {
          void navigate({ search: value === "open" ? {} : { tab: value as AlertTab }, replace: true });
        }}
      >
        <Tabs.List mb="md">
          {ALERT_TABS.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {texts.tabs[name]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="open">
          <AlertList key="open" state="open" />
        </Tabs.Panel>
        <Tabs.Panel value="past">
          <AlertList key="past" state="resolved" />
        </Tabs.Panel>
        <Tabs.Panel value="rules">
          <RulesTab />
        </Tabs.Panel>
        <Tabs.Panel value="channels">
          <ChannelsTab />
        </Tabs.Panel>
        <Tabs.Panel value="silences">
          <SilencesTab />
        </Tabs.Panel>
        <Tabs.Panel value="failed">
          <FailedTab />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}
