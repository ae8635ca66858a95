import type { WriteProfile } from "@mn316-fleet/contracts";
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { readAuditSearch } from "./access/audit-search";
import { readAlertTab } from "./alerts/alert-tabs";
import { readAnalyticsSearch } from "./analytics/question";
import { DEVICE_TABS, type DeviceTab } from "./device/device-tabs";
import { FleetPage } from "./fleet/fleet-page";
import { readFilters } from "./fleet/filters";
import { NotFound } from "./shell/not-found";
import { Shell } from "./shell/shell";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const fleetRoute = createRoute({
  getParentRoute: () => root,
  path: "/",
  validateSearch: readFilters,
  component: FleetPage,
});

const deviceRoute = createRoute({
  getParentRoute: () => root,
  path: "/devices/$id",
  validateSearch: ({ tab }: Record<string, unknown>): { tab?: DeviceTab } => {
    const known = DEVICE_TABS.find((name) => name === tab);
    return known ? { tab: known } : {};
  },
  component: lazyRouteComponent(() => import("./device/device-page"), "DevicePage"),
});

const jobsRoute = createRoute({
  getParentRoute: () => root,
  path: "/jobs",
  component: lazyRouteComponent(() => import("./jobs/jobs-page"), "JobsPage"),
});
const newJobRoute = createRoute({
  getParentRoute: () => root,
  path: "/jobs/new",
  validateSearch: readFilters,
  component: lazyRouteComponent(() => import("./jobs/new-job-page"), "NewJobPage"),
});
const jobRoute = createRoute({
  getParentRoute: () => root,
  path: "/jobs/$id",
  component: lazyRouteComponent(() => import("./jobs/job-page"), "JobPage"),
});
const profilesRoute = createRoute({
  getParentRoute: () => root,
  path: "/profiles",
  component: lazyRouteComponent(() => import("./profiles/profiles-page"), "ProfilesPage"),
});
const profileRoute = createRoute({
  getParentRoute: () => root,
  path: "/profiles/$id",
  component: lazyRouteComponent(() => import("./profiles/profile-page"), "ProfilePage"),
});
const analyticsRoute = createRoute({
  getParentRoute: () => root,
  path: "/analytics",
  validateSearch: readAnalyticsSearch,
  component: lazyRouteComponent(() => import("./analytics/analytics-page"), "AnalyticsPage"),
});
const alertsRoute = createRoute({
  getParentRoute: () => root,
  path: "/alerts",
  validateSearch: readAlertTab,
  component: lazyRouteComponent(() => import("./alerts/alerts-page"), "AlertsPage"),
});
const auditRoute = createRoute({
  getParentRoute: () => root,
  path: "/audit",
  validateSearch: readAuditSearch,
  component: lazyRouteComponent(() => import("./access/audit-page"), "AuditPage"),
});
const usersRoute = createRoute({
  getParentRoute: () => root,
  path: "/users",
  component: lazyRouteComponent(() => import("./access/users-page"), "UsersPage"),
});
const fleetsRoute = createRoute({
  getParentRoute: () => root,
  path: "/fleets",
  component: lazyRouteComponent(() => import("./access/fleets-page"), "FleetsPage"),
});
const passwordRoute = createRoute({
  getParentRoute: () => root,
  path: "/password",
  component: lazyRouteComponent(() => import("./access/password-page"), "PasswordPage"),
});
const enrollmentRoute = createRoute({
  getParentRoute: () => root,
  path: "/enrollment",
  component: lazyRouteComponent(() => import("./settings/enrollment-page"), "EnrollmentPage"),
});
const keysRoute = createRoute({
  getParentRoute: () => root,
  path: "/keys",
  component: lazyRouteComponent(() => import("./settings/keys-page"), "KeysPage"),
});

/** Addresses hold plain text: `?q=7` asks for the text 7, and what is not text is left out. */
export const router = createRouter({
  routeTree: root.addChildren([
    fleetRoute,
    deviceRoute,
    jobsRoute,
    newJobRoute,
    jobRoute,
    profilesRoute,
    profileRoute,
    analyticsRoute,
    alertsRoute,
    enrollmentRoute,
    keysRoute,
    auditRoute,
    usersRoute,
    fleetsRoute,
    passwordRoute,
  ]),
  defaultPreload: "intent",
  scrollRestoration: true,
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const text = new URLSearchParams(
      Object.entries(search).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
    ).toString();
    return text && `?${text}`;
  },
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
  interface HistoryState {
    /** Devices that were chosen on the page before. */
    deviceIds?: string[];
    /** A profile that was drafted on the page before, to be looked at and written. */
    draftedProfile?: WriteProfile;
  }
}
