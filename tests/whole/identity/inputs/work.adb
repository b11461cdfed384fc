--  SPDX-License-Identifier: Apache-2.0
--  work.adb: an exception, a task and a series.
with Ada.Text_IO, Ada.Long_Float_Text_IO, Ada.Numerics.Long_Elementary_Functions;
use Ada.Text_IO, Ada.Long_Float_Text_IO, Ada.Numerics.Long_Elementary_Functions;

procedure Work is
   Total : Long_Float := 0.0;
   task Adder;
   task body Adder is
   begin
      for I in 1 .. 5000 loop
         Total := Total + Sin (Long_Float (I)) / Long_Float (I);
      end loop;
   end Adder;
   type Small is range 0 .. 10;
   Value : Small := 9;
begin
   while not Adder'Terminated loop
      delay 0.001;
   end loop;
   Put (Total, Aft => 16);
   New_Line;
   for I in 1 .. 3 loop
      Value := Value + 1;
   end loop;
   Put_Line ("not reached");
exception
   when Constraint_Error =>
      Put_Line ("out of range");
end Work;
