export const shell = {
  menu: "Menu",
  subtitle: "Devices behind MN316 modules",
  notFound: "There is nothing here",
  notFoundHint: "What this address names does not exist, or exists no longer.",
  toFleet: "To the fleet",
  pages: {
    "/": "Fleet",
    "/analytics": "Analytics",
    "/alerts": "Alerts",
    "/jobs": "Jobs",
    "/profiles": "Profiles",
    "/enrollment": "Enrolment",
    "/keys": "API keys",
    "/users": "People",
    "/audit": "Audit",
    "/fleets": "Fleets",
    "/password": "Your password",
  },
};

export const common = {
  notJson: "This is no JSON.",
  copy: "Copy",
  copied: "Copied",
  remove: "Remove",
  by: (author: string) => `by ${author}`,
};
