import { AnchorLink } from "../common/links";
import { Alert, AppShell, Badge, Burger, Group, NavLink, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { ProblemResponseError, UnreachableError } from "@mn316-fleet/client";
import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { useEffect } from "react";
import { useSessionEnd } from "../session-end";
import { useTexts } from "../texts/use-texts";
import { Preferences } from "./preferences";
import { mayAs, useCaller } from "./use-caller";
import { useCounts } from "./use-counts";

/** The pages, and in which role one may see what they show. */
const PAGES = [
  { page: "/", least: "viewer" },
  { page: "/analytics", least: "viewer" },
  { page: "/alerts", least: "viewer" },
  { page: "/jobs", least: "viewer" },
  { page: "/profiles", least: "viewer" },
  { page: "/enrollment", least: "admin" },
  { page: "/keys", least: "admin" },
  { page: "/users", least: "admin" },
  { page: "/audit", least: "admin" },
  { page: "/fleets", least: "admin", isForHost: true },
  { page: "/password", least: "viewer", isForPeople: true },
] as const;

/** What surrounds every page: its name, the ways to the others, and what holds for all of them. */
export function Shell() {
  const { shell, unreachable } = useTexts();
  const { pathname } = useLocation();
  const [isOpen, { toggle, close }] = useDisclosure(false);
  const { error } = useCounts();
  const caller = useCaller();
  const pages = PAGES.filter(
    (entry) =>
      (entry.least === "viewer" || mayAs(caller?.role, entry.least)) &&
      (!("isForPeople" in entry) || caller?.kind === "user") &&
      (!("isForHost" in entry) || caller?.isHost === true),
  );
  const { onRefused } = useSessionEnd();
  const isUnauthorized = error instanceof ProblemResponseError && error.status === 401;
  useEffect(() => {
    if (isUnauthorized) onRefused();
  }, [isUnauthorized, onRefused]);
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 200, breakpoint: "md", collapsed: { mobile: !isOpen } }}
      padding="md"
      styles={{ main: { background: "var(--fleet-page)" } }}
    >
      <AppShell.Header px="md">
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={isOpen} onClick={toggle} hiddenFrom="md" size="sm" aria-label={shell.menu} />
            <AnchorLink to="/" underline="never" c="inherit" aria-label="mn316-fleet">
              <Group gap="sm" wrap="nowrap">
                <img src="/icon.svg" width={30} height={30} alt="" />
                <Text fw={700} size="lg" visibleFrom="xs">
                  mn316-fleet
                </Text>
              </Group>
            </AnchorLink>
            <Text size="sm" c="dimmed" visibleFrom="lg">
              {shell.subtitle}
            </Text>
            {caller?.isHost === false && <Badge variant="light">{caller.fleet}</Badge>}
          </Group>
          <Preferences />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" aria-label={shell.menu}>
        <Stack gap={2}>
          {pages.map(({ page }) => (
            <NavLink
              key={page}
              component={Link}
              to={page}
              label={shell.pages[page]}
              active={page === "/" ? pathname === "/" || pathname.startsWith("/devices/") : pathname.startsWith(page)}
              onClick={close}
              style={{ borderRadius: "var(--mantine-radius-sm)" }}
            />
          ))}
        </Stack>
      </AppShell.Navbar>
      <AppShell.Main>
        {error instanceof UnreachableError && (
          <Alert color="yellow" role="status" mb="md">
            {unreachable}
          </Alert>
        )}
        {!isUnauthorized && <Outlet />}
      </AppShell.Main>
    </AppShell>
  );
}
