      *> SPDX-License-Identifier: Apache-2.0
      *> work.cob: interest, in decimal and in binary.
       IDENTIFICATION DIVISION.
       PROGRAM-ID. WORK.
       DATA DIVISION.
       WORKING-STORAGE SECTION.
       01 BALANCE USAGE COMP-2 VALUE 1000.
       01 MONEY PIC 9(7)V99 VALUE 1000.
       01 SHOWN PIC Z(6)9.9(6).
       PROCEDURE DIVISION.
           PERFORM 40 TIMES
               COMPUTE BALANCE = BALANCE * 1.035 + 12.5
               COMPUTE MONEY ROUNDED = MONEY * 1.035 + 12.5
           END-PERFORM
           MOVE BALANCE TO SHOWN
           DISPLAY SHOWN " " MONEY
           COMPUTE BALANCE = FUNCTION SQRT(BALANCE) + FUNCTION SIN(1.5)
           MOVE BALANCE TO SHOWN
           DISPLAY SHOWN
           STOP RUN.
