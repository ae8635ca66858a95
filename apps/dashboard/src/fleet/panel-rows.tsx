import { SimpleGrid, Skeleton } from "@mantine/core";
import type { ReactNode } from "react";

/** As high as the panels become once they are filled: the list below stays where it is while they load. */
const FIGURES_ROW = "minmax(230px, auto)";
const HISTORIES_ROW = "minmax(364px, auto)";

interface Props {
  figures: ReactNode;
  histories: ReactNode;
}

/** Where the panels above the list stand; their place is held from the first moment on. */
export function PanelRows({ figures, histories }: Props) {
  return (
    <>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm" autoRows={FIGURES_ROW}>
        {figures}
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="sm" autoRows={HISTORIES_ROW}>
        {histories}
      </SimpleGrid>
    </>
  );
}

/** The same while the panels themselves are on their way. */
export function EmptyPanelRows() {
  const room = (count: number) => Array.from({ length: count }, (_, index) => <Skeleton key={index} />);
  return <PanelRows figures={room(3)} histories={room(2)} />;
}
