import { Badge } from "@mantine/core";
import type { Job } from "@mn316-fleet/contracts";
import { useJobsTexts } from "../texts/use-jobs-texts";

const COLORS: Record<Job["status"], string> = {
  SCHEDULED: "gray",
  ROLLING_OUT: "cyan",
  COMPLETED: "teal",
  ABORTED: "red",
  CANCELED: "gray",
};

/** Where a job stands. */
export function JobStatusBadge({ job }: { job: Pick<Job, "status" | "isPaused"> }) {
  const jobs = useJobsTexts();
  return (
    <Badge variant="light" color={job.isPaused ? "yellow" : COLORS[job.status]} tt="none" style={{ flexShrink: 0 }}>
      {job.isPaused ? jobs.paused : jobs.statuses[job.status]}
    </Badge>
  );
}
